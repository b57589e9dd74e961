//! Labels with markdown (`**bold**`, `*emphasis*`, `# heading`, links, line breaks) as elements of the page.
//!
//! Nothing is ever handed to the browser as HTML, so a form cannot bring code with it.

use leptos::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Inline {
    Text(String),
    Strong(Vec<Inline>),
    Emphasis(Vec<Inline>),
    Link { text: String, href: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Block {
    Heading(usize, Vec<Inline>),
    Line(Vec<Inline>),
}

/// The language of the texts of a form, where it is another than the app's: they are read out by its voice.
#[derive(Clone, Copy)]
pub struct Voice(pub Signal<Option<String>>);

/// [`Voice`], for the `lang` of a text of a form.
#[must_use]
pub fn voice() -> Option<String> {
    use_context::<Voice>().and_then(|Voice(language)| language.get())
}

/// A text with markdown.
#[component]
pub fn RichText(#[prop(into)] text: Signal<String>) -> impl IntoView {
    move || rich_text(&text.read())
}

/// A [`RichText`] that nobody watches: of a text that never changes, or that is drawn anew with what is around it.
#[must_use]
pub fn rich_text(text: &str) -> AnyView {
    view! { <span class="rich-text" lang=voice()>{inside(text)}</span> }.into_any()
}

/// The same words without marks and on one line, for where no element may stand: names, and what is said.
#[must_use]
pub fn plain_text(text: &str) -> String {
    if is_plain(text) {
        return text.trim().to_owned();
    }
    let line = |block| match block {
        Block::Heading(_, inlines) | Block::Line(inlines) => letters(inlines),
    };
    blocks(text).into_iter().map(line).collect::<Vec<_>>().join(" ")
}

fn letters(inlines: Vec<Inline>) -> String {
    let of = |inline| match inline {
        Inline::Text(text) | Inline::Link { text, .. } => text,
        Inline::Strong(inner) | Inline::Emphasis(inner) => letters(inner),
    };
    inlines.into_iter().map(of).collect()
}

/// Most labels are one line without marks.
fn is_plain(text: &str) -> bool {
    !text.trim().contains(['\n', '*', '_', '#', '[', '\\'])
}

fn inside(text: &str) -> AnyView {
    if is_plain(text) {
        text.trim().to_owned().into_any()
    } else {
        blocks(text).into_iter().map(draw_block).collect_view().into_any()
    }
}

fn draw_block(block: Block) -> AnyView {
    match block {
        Block::Heading(level, inlines) => {
            view! { <span class=format!("rich-heading rich-heading-{level}")>{draw(inlines)}</span> }.into_any()
        }
        Block::Line(inlines) => view! { <span class="rich-line">{draw(inlines)}</span> }.into_any(),
    }
}

fn draw(inlines: Vec<Inline>) -> AnyView {
    inlines.into_iter().map(draw_inline).collect_view().into_any()
}

fn draw_inline(inline: Inline) -> AnyView {
    match inline {
        Inline::Text(text) => text.into_any(),
        Inline::Strong(inner) => view! { <strong>{draw(inner)}</strong> }.into_any(),
        Inline::Emphasis(inner) => view! { <em>{draw(inner)}</em> }.into_any(),
        Inline::Link { text, href } => {
            view! { <a href=href target="_blank" rel="noopener noreferrer">{text}</a> }.into_any()
        }
    }
}

fn blocks(text: &str) -> Vec<Block> {
    let lines = text.trim().lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(block).collect()
}

fn block(line: &str) -> Block {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    match line.get(level..).and_then(|rest| rest.strip_prefix(' ')) {
        Some(rest) if (1..=6).contains(&level) => Block::Heading(level, inlines(rest.trim())),
        _ => Block::Line(inlines(line)),
    }
}

fn inlines(text: &str) -> Vec<Inline> {
    let mut found = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let before = plain.chars().next_back();
        if let Some((inline, after)) = marked(rest, before) {
            if !plain.is_empty() {
                found.push(Inline::Text(std::mem::take(&mut plain)));
            }
            found.push(inline);
            rest = after;
            continue;
        }
        let escaped = next == '\\' && rest.chars().nth(1).is_some_and(|c| "*_#[]\\".contains(c));
        let taken = if escaped { rest.chars().nth(1).unwrap_or(next) } else { next };
        plain.push(taken);
        let length = if escaped { next.len_utf8() + taken.len_utf8() } else { next.len_utf8() };
        rest = rest.split_at(length).1;
    }
    if !plain.is_empty() {
        found.push(Inline::Text(plain));
    }
    found
}

/// The marked-up piece that `text` begins with, and what follows it.
fn marked(text: &str, before: Option<char>) -> Option<(Inline, &str)> {
    for mark in ["**", "__"] {
        if let Some((inner, after)) = between(text, mark, before) {
            return Some((Inline::Strong(inlines(inner)), after));
        }
    }
    for mark in ["*", "_"] {
        if let Some((inner, after)) = between(text, mark, before) {
            return Some((Inline::Emphasis(inlines(inner)), after));
        }
    }
    link(text)
}

fn between<'a>(text: &'a str, mark: &str, before: Option<char>) -> Option<(&'a str, &'a str)> {
    let rest = text.strip_prefix(mark)?;
    // An underscore inside a word is part of the word.
    if mark.starts_with('_') && before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let (mut inner, mut after) = rest.split_once(mark)?;
    if mark == "**" && after.starts_with('*') {
        // `**bold *and emphasis***`: the first of three stars ends the emphasis.
        (inner, after) = rest.split_at(inner.len() + 1);
        after = after.strip_prefix(mark)?;
    }
    let is_tight = !inner.is_empty()
        && !inner.starts_with(char::is_whitespace)
        && !inner.ends_with(char::is_whitespace);
    let ends_word = !mark.starts_with('_') || !after.starts_with(char::is_alphanumeric);
    (is_tight && ends_word && !inner.starts_with('*')).then_some((inner, after))
}

fn link(text: &str) -> Option<(Inline, &str)> {
    const SCHEMES: [&str; 5] = ["https://", "http://", "mailto:", "tel:", "geo:"];
    let (label, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (href, after) = rest.split_once(')')?;
    let is_safe = SCHEMES.iter().any(|scheme| href.starts_with(scheme));
    (is_safe && !label.contains('\n'))
        .then(|| (Inline::Link { text: label.to_owned(), href: href.to_owned() }, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, drawn: &str) {
        assert_eq!(
            blocks(text).iter().map(show_block).collect::<Vec<_>>().join("|"),
            drawn,
            "{text}"
        );
    }

    fn show_block(block: &Block) -> String {
        match block {
            Block::Heading(level, inner) => format!("h{level}({})", show(inner)),
            Block::Line(inner) => show(inner),
        }
    }

    fn show(inlines: &[Inline]) -> String {
        let piece = |inline: &Inline| match inline {
            Inline::Text(text) => text.clone(),
            Inline::Strong(inner) => format!("b({})", show(inner)),
            Inline::Emphasis(inner) => format!("i({})", show(inner)),
            Inline::Link { text, href } => format!("a({text} {href})"),
        };
        inlines.iter().map(piece).collect()
    }

    #[test]
    fn markdown_of_labels_becomes_elements() {
        let cases = [
            ("Họ và tên", "Họ và tên"),
            ("Ghi **đầy đủ** họ tên", "Ghi b(đầy đủ) họ tên"),
            ("*nghiêng* và _nghiêng_", "i(nghiêng) và i(nghiêng)"),
            ("**đậm *cả hai***", "b(đậm i(cả hai))"),
            ("# Mục A\ndòng hai\n\ndòng ba", "h1(Mục A)|dòng hai|dòng ba"),
            ("####### bảy", "####### bảy"),
            ("#không", "#không"),
            ("xem [văn bản](https://vbpl.vn/1) này", "xem a(văn bản https://vbpl.vn/1) này"),
            ("[bẫy](javascript:alert(1))", "[bẫy](javascript:alert(1))"),
            ("ten_bien_dai 2 * 3 * 4", "ten_bien_dai 2 * 3 * 4"),
            (r"\*sao\*", "*sao*"),
            ("Bắt buộc (*)", "Bắt buộc (*)"),
            ("<b>không phải HTML</b>", "<b>không phải HTML</b>"),
            ("", ""),
        ];
        for (text, drawn) in cases {
            check(text, drawn);
        }
    }

    #[test]
    fn where_no_element_may_stand_the_words_are_told_without_their_marks() {
        let cases = [
            (" Có ", "Có"),
            ("**Có** (có *biên bản*)", "Có (có biên bản)"),
            ("**đậm *cả hai***", "đậm cả hai"),
            ("# Mục A\ndòng _hai_\n\ndòng ba", "Mục A dòng hai dòng ba"),
            ("xem [văn bản](https://vbpl.vn/1) này", "xem văn bản này"),
            (r"2 \* 3 = ten_bien", "2 * 3 = ten_bien"),
            ("", ""),
        ];
        for (text, told) in cases {
            assert_eq!(plain_text(text), told, "{text}");
        }
    }
}
