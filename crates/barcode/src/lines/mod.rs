//! Codes of bars: a line through the picture is light and dark in turns, and how wide each is says what it means.

mod code128;
mod code39;
mod ean;
mod itf;
mod stripes;

use super::Picture;
use stripes::stripes;

/// How many lines are laid through a picture.
const LINES: usize = 48;

/// A code whose bars stand upright, or nearly.
pub(super) fn along_rows(picture: &Picture) -> Option<String> {
    along(picture.height, |at| stripes(picture.row(at)))
}

/// A code that lies on its side.
pub(super) fn along_columns(picture: &Picture) -> Option<String> {
    along(picture.width, |at| stripes(picture.column(at)))
}

/// What two lines say alike: one alone may have met something else that looks like bars.
fn along(length: usize, line: impl Fn(usize) -> Vec<f32>) -> Option<String> {
    let mut said: Vec<String> = Vec::new();
    for at in (0..length).step_by((length / LINES).max(1)) {
        let mut stripes = line(at);
        let text = read(&stripes).or_else(|| {
            stripes.reverse();
            read(&stripes)
        });
        let Some(text) = text else { continue };
        if said.contains(&text) {
            return Some(text);
        }
        said.push(text);
    }
    None
}

/// The first code among the stripes. It may begin at any of them: a light one, if its bars are light.
fn read(stripes: &[f32]) -> Option<String> {
    (1..stripes.len()).find_map(|start| {
        let (before, code) = (stripes[start - 1], &stripes[start..]);
        [ean::read, code128::read, code39::read, itf::read]
            .iter()
            .find_map(|read| read(before, code))
    })
}

/// How far stripes are from a pattern's, as a part of a module for each stripe; none if one of them is something else. The stripes of a
/// symbol are measured against its own width: a code that lies aslant grows narrower from one end to the other.
fn distance<const N: usize>(stripes: &[f32], pattern: [u8; N]) -> Option<f32> {
    const FAR: f32 = 0.75;
    let stripes: &[f32; N] = stripes.first_chunk()?;
    let modules: f32 = pattern.iter().copied().map(f32::from).sum();
    let module = stripes.iter().sum::<f32>() / modules;
    let apart = |(stripe, wide): (&f32, u8)| (stripe / module - f32::from(wide)).abs();
    let mut sum = 0.0;
    for one in stripes.iter().zip(pattern).map(apart) {
        if one > FAR {
            return None;
        }
        sum += one;
    }
    Some(sum)
}

/// Which of the patterns the stripes are likest.
fn likest<const N: usize>(
    stripes: &[f32],
    patterns: impl IntoIterator<Item = [u8; N]>,
) -> Option<usize> {
    let near = patterns
        .into_iter()
        .enumerate()
        .filter_map(|(at, pattern)| Some((at, distance(stripes, pattern)?)));
    near.min_by(|one, other| one.1.total_cmp(&other.1)).map(|(at, _)| at)
}
