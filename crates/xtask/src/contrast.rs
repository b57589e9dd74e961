//! Whether the colours of `style/tokens.css` can be told apart as WCAG 2.2 AA asks, in both themes.

use std::collections::BTreeMap;

const TOKENS: &str = include_str!("../../../style/tokens.css");

/// What is written on, and what stands on any of them: what is read, and what an edge or the ring of the focus is drawn with.
const GROUNDS: [&str; 3] = ["ground", "surface", "raised"];
const READ: [&str; 6] = ["text", "muted", "accent-text", "good", "attention", "bad"];
const DRAWN: [&str; 2] = ["line-strong", "accent"];

/// What is read on a ground of its own.
const PAIRS: [(&str, &str); 7] = [
    ("good", "good-soft"),
    ("attention", "attention-soft"),
    ("bad", "bad-soft"),
    ("accent-text", "accent-soft"),
    ("text", "accent-soft"),
    ("muted", "accent-soft"),
    ("accent-ink", "accent"),
];

/// The colours that a theme names, by how light they are.
fn lightness(theme: &str) -> BTreeMap<&str, f64> {
    let colour = |line| {
        let (name, hex) = str::trim(line).strip_prefix("--")?.split_once(": #")?;
        Some((name, luminance(u32::from_str_radix(hex.trim_end_matches(';'), 16).ok()?)))
    };
    theme.lines().filter_map(colour).collect()
}

fn luminance(rgb: u32) -> f64 {
    let linear = |shift: u32| {
        let part = f64::from(rgb >> shift & 0xff) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(16) + 0.7152 * linear(8) + 0.0722 * linear(0)
}

#[test]
fn what_is_read_and_what_is_drawn_stand_out_from_their_grounds_in_both_themes() {
    let (light, dark) = TOKENS.split_once("data-theme=\"dark\"").expect("there are two themes");
    let on_grounds =
        |name: &'static str, least: f64| GROUNDS.map(|ground| (name, ground, least)).into_iter();
    let mut pairs: Vec<(&str, &str, f64)> = PAIRS.map(|(name, on)| (name, on, 4.5)).into();
    pairs.extend(READ.into_iter().flat_map(|name| on_grounds(name, 4.5)));
    pairs.extend(DRAWN.into_iter().flat_map(|name| on_grounds(name, 3.0)));
    let mut faint = Vec::new();
    for (theme, text) in [("light", light), ("dark", dark)] {
        let lightness = lightness(text);
        for &(name, on, least) in &pairs {
            let (one, other) = (lightness[name], lightness[on]);
            let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
            if contrast < least {
                faint.push(format!("{theme}: --{name} on --{on} is {contrast:.2}"));
            }
        }
    }
    assert_eq!(faint, Vec::<String>::new());
}
