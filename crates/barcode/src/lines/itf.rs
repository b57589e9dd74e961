//! Interleaved 2 of 5 (ITF-14 among them): cartons. ISO/IEC 16390.

/// Which two of a digit's five stripes are wide.
const WIDE: [u8; 10] =
    [0b00110, 0b10001, 0b01001, 0b11000, 0b00101, 0b10100, 0b01100, 0b00011, 0b10010, 0b01010];
/// A part of a longer code looks like a short one: shorter ones are not believed.
const DIGITS_LEAST: usize = 6;

/// The code that begins with the first of `code`.
pub(super) fn read(before: f32, code: &[f32]) -> Option<String> {
    let start = code.get(..4)?;
    let narrow = start.iter().sum::<f32>() / 4.0;
    let is_narrow = |stripe: &f32| (0.5 * narrow..1.6 * narrow).contains(stripe);
    if !start.iter().all(is_narrow) || before < 6.0 * narrow {
        return None;
    }
    let mut text = String::new();
    let mut rest = &code[4..];
    // The end: wide, narrow, narrow, and light behind it.
    while !matches!(rest, [wide, one, other, after, ..]
        if *wide > 1.6 * narrow && *wide < 4.0 * narrow && is_narrow(one) && is_narrow(other) && *after > 6.0 * narrow)
    {
        let pair = rest.get(..10)?;
        // Dark ones are a digit, the light ones between them the next.
        for first in 0..2 {
            text.push(digit(pair.iter().skip(first).step_by(2), narrow)?);
        }
        rest = &rest[10..];
    }
    (text.len() >= DIGITS_LEAST).then_some(text)
}

fn digit<'a>(stripes: impl Iterator<Item = &'a f32> + Clone, narrow: f32) -> Option<char> {
    let mut sorted = [0.0; 5];
    sorted.iter_mut().zip(stripes.clone()).for_each(|(to, from)| *to = *from);
    sorted.sort_by(f32::total_cmp);
    let (least, most) = (sorted[2], sorted[3]);
    if most < 1.4 * least || sorted[4] > 4.5 * narrow || sorted[0] < 0.4 * narrow {
        return None;
    }
    let limit = (least + most) / 2.0;
    let bits = stripes.fold(0, |bits, stripe| bits << 1 | u8::from(*stripe > limit));
    let digit = WIDE.iter().position(|wide| *wide == bits)?;
    char::from_digit(u32::try_from(digit).ok()?, 10)
}
