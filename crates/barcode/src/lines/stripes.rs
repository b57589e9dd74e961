//! A line through a picture as the widths of what is dark and light on it.

/// The length of the pieces of a line of which the darkest and the lightest are known.
const PIECE: usize = 16;
/// Two shades that differ less are one, with noise.
const CONTRAST: u8 = 32;

/// The widths in dots and parts of a dot, from one end of the line to the other. What is dark is told from what is light by what lies
/// about it, so that half a code may lie in the shade.
pub(super) fn stripes(line: impl ExactSizeIterator<Item = u8>) -> Vec<f32> {
    let shades: Vec<u8> = line.collect();
    let ends = |piece: &[u8]| {
        let (darkest, lightest) = (piece.iter().min(), piece.iter().max());
        (*darkest.expect("no piece is empty"), *lightest.expect("no piece is empty"))
    };
    let pieces: Vec<(u8, u8)> = shades.chunks(PIECE).map(ends).collect();
    let about = |at: usize| {
        let piece = at / PIECE;
        let near = &pieces[piece.saturating_sub(2)..(piece + 3).min(pieces.len())];
        let darkest = near.iter().map(|(darkest, _)| *darkest).min().unwrap_or_default();
        let lightest = near.iter().map(|(_, lightest)| *lightest).max().unwrap_or_default();
        let middle = (f32::from(darkest) + f32::from(lightest)) / 2.0;
        (lightest - darkest >= CONTRAST).then_some(middle)
    };
    let mut widths = Vec::new();
    let (mut is_dark, mut begun) = (None, 0.0);
    let (mut position, mut before) = (0.0, 0.0);
    for (at, shade) in shades.iter().copied().map(f32::from).enumerate() {
        if let Some(middle) = about(at) {
            let dark = shade < middle;
            if is_dark.is_some_and(|was| was != dark) {
                // Where between the two dots the edge lies, their shades tell.
                let part = ((before - middle) / (before - shade)).clamp(0.0, 1.0);
                let edge = position - 1.0 + if part.is_finite() { part } else { 1.0 };
                widths.push(edge - begun);
                begun = edge;
            }
            is_dark = Some(dark);
        }
        before = shade;
        position += 1.0;
    }
    widths.push(position - begun);
    widths
}
