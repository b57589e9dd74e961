//! QR codes, wherever they lie and however they are turned.

use quircs::Quirc;

use super::Picture;

/// The side of the pieces of a picture of which it is known how light they are.
const PIECE: usize = 8;
/// How many pieces on each side tell what is dark in the one between them.
const ABOUT: usize = 4;

/// A code of dark squares on light ground.
pub(super) fn dark(picture: &Picture) -> Option<String> {
    find(picture, &picture.shades)
}

/// The same, told from the ground by what lies about each dot: half of it may lie in the shade.
pub(super) fn shaded(picture: &Picture) -> Option<String> {
    find(picture, &evened(picture))
}

/// A code of light squares on dark ground.
pub(super) fn light(picture: &Picture) -> Option<String> {
    let turned: Vec<u8> = picture.shades.iter().map(|shade| !shade).collect();
    find(picture, &turned)
}

fn find(picture: &Picture, shades: &[u8]) -> Option<String> {
    let doubled = doubled(picture.width, picture.height, shades);
    let mut reader = Quirc::new();
    let found = reader.identify(picture.width * 2, picture.height * 2, &doubled);
    let mut texts =
        found.filter_map(|code| code.ok()?.decode().ok()).map(|data| text_of(data.payload));
    texts.find(|text| !text.is_empty())
}

/// Twice as large, smoothly: quircs reckons with whole dots, and finds several times as many small codes in it.
fn doubled(width: usize, height: usize, shades: &[u8]) -> Vec<u8> {
    // A dot's own share is three quarters, that of its neighbour on the nearer side the rest.
    let mix = |own: u8, other: u8| {
        u8::try_from((u16::from(own) * 3 + u16::from(other)) / 4).expect("between the two")
    };
    let near = |at: usize, end: usize| [at.saturating_sub(1), (at + 1).min(end - 1)];
    let mut doubled = Vec::with_capacity(shades.len() * 4);
    for y in 0..height {
        for other in near(y, height) {
            let row = |x: usize| mix(shades[y * width + x], shades[other * width + x]);
            for x in 0..width {
                doubled.extend(near(x, width).map(|other| mix(row(x), row(other))));
            }
        }
    }
    doubled
}

/// How light each dot is beside what lies about it: 128 is as light.
fn evened(picture: &Picture) -> Vec<u8> {
    let (width, height) = (picture.width, picture.height);
    let (across, down) = (width.div_ceil(PIECE), height.div_ceil(PIECE));
    let mut pieces = vec![(0_u32, 0_u32); across * down];
    for (at, shade) in picture.shades.iter().enumerate() {
        let (sum, count) = &mut pieces[at / width / PIECE * across + at % width / PIECE];
        *sum += u32::from(*shade);
        *count += 1;
    }
    let near = |at: usize, end: usize| at.saturating_sub(ABOUT)..(at + ABOUT + 1).min(end);
    let about = |at: usize| {
        let rows = near(at / across, down).map(|row| row * across);
        let near = rows.flat_map(|row| near(at % across, across).map(move |column| row + column));
        let (sum, count) =
            near.fold((0, 0), |(sum, count), at| (sum + pieces[at].0, count + pieces[at].1));
        sum / count
    };
    let limits: Vec<u32> = (0..pieces.len()).map(about).collect();
    let even = |(at, shade): (usize, &u8)| {
        let limit = limits[at / width / PIECE * across + at % width / PIECE];
        u8::try_from(u32::from(*shade) * 128 / limit.max(1)).unwrap_or(u8::MAX)
    };
    picture.shades.iter().enumerate().map(even).collect()
}

/// Codes say UTF-8, whether or not they tell so; the standard's own Latin-1 is what is left. No answer can hold what is not printed.
fn text_of(bytes: Vec<u8>) -> String {
    let mut text = String::from_utf8(bytes)
        .unwrap_or_else(|latin| latin.as_bytes().iter().copied().map(char::from).collect());
    text.retain(|letter| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r'));
    text
}
