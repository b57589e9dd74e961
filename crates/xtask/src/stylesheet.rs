//! One stylesheet in place of the many that the app is written in: each request costs a weak line a round trip.

use std::path::Path;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::dist::hex;

/// Joins the stylesheets that `index.html` links, in its order, into one that is named by its content, and links that.
pub fn join(folder: &Path) -> Result<()> {
    let path = folder.join("index.html");
    let page = std::fs::read_to_string(&path).context("index.html")?;
    let links = links(&page)?;
    if links.len() < 2 {
        return Ok(());
    }
    let mut joined = String::new();
    for link in &links {
        let file = folder.join(link.file);
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        joined.push_str(&tightened(&text)?);
        std::fs::remove_file(&file)?;
    }
    let hash = hex(&Sha256::digest(joined.as_bytes()));
    let (hash, _) = hash.split_at(16);
    let name = format!("sotay-{hash}.css");
    std::fs::write(folder.join(&name), &joined)?;
    std::fs::write(&path, relinked(&page, &links, &name))?;
    Ok(())
}

/// A link to a stylesheet: its tag in the page, and the file it names.
struct Link<'a> {
    tag: &'a str,
    file: &'a str,
}

fn links(page: &str) -> Result<Vec<Link<'_>>> {
    let mut links = Vec::new();
    let mut rest = page;
    while let Some((_, from)) = rest.split_once("<link") {
        let (inside, after) = from.split_once('>').context("a link in index.html does not end")?;
        rest = after;
        if !inside.contains("rel=\"stylesheet\"") {
            continue;
        }
        let start = page.len() - from.len() - "<link".len();
        let end = page.len() - after.len();
        let tag = page.get(start..end).context("a link in index.html is cut")?;
        let (_, href) = inside.split_once("href=\"").context("a stylesheet without href")?;
        let (href, _) = href.split_once('"').context("an href does not end")?;
        links.push(Link { tag, file: href.trim_start_matches('/') });
    }
    Ok(links)
}

/// The page with one link where the first was, and none where the others were.
fn relinked(page: &str, links: &[Link<'_>], name: &str) -> String {
    let mut page = page.to_owned();
    let mut tag = format!("<link rel=\"stylesheet\" href=\"/{name}\" />");
    for link in links {
        page = page.replacen(link.tag, &tag, 1);
        tag.clear();
    }
    page
}

/// A stylesheet without its comments and indents.
fn tightened(text: &str) -> Result<String> {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/*") {
        kept.push_str(before);
        let Some((_, after)) = comment.split_once("*/") else { bail!("a comment does not end") };
        rest = after;
    }
    kept.push_str(rest);
    let lines = kept.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.flat_map(|line| [line, "\n"]).collect())
}

#[cfg(test)]
mod tests {
    use super::{links, relinked, tightened};

    const PAGE: &str = "<head>\n<link rel=\"icon\" href=\"/a.svg\" />\n\
        <link rel=\"stylesheet\" href=\"/one-12.css\" integrity=\"sha384-x\"/>\n\
        <link rel=\"stylesheet\" href=\"/two-34.css\"/>\n</head>";

    #[test]
    fn stylesheets_are_found_in_the_order_of_the_page() {
        let found = links(PAGE).expect("the page is whole");
        let files: Vec<&str> = found.iter().map(|link| link.file).collect();
        assert_eq!(files, ["one-12.css", "two-34.css"]);
    }

    #[test]
    fn one_link_takes_the_place_of_all() {
        let found = links(PAGE).expect("the page is whole");
        assert_eq!(
            relinked(PAGE, &found, "all.css"),
            "<head>\n<link rel=\"icon\" href=\"/a.svg\" />\n<link rel=\"stylesheet\" href=\"/all.css\" />\n\n</head>"
        );
    }

    #[test]
    fn comments_and_indents_go_and_rules_stay() {
        let text = "/* why */\na {\n  color: red; /* so */\n}\n";
        assert_eq!(tightened(text).expect("whole"), "a {\ncolor: red;\n}\n");
        assert!(tightened("a {} /* open").is_err());
    }
}
