//! EAN-13, EAN-8 and UPC-A: what is on goods. ISO/IEC 15420.

use super::{distance, likest};

/// A digit's widths, light first, in the left half of a code; on the right it is dark first.
const DIGITS: [[u8; 4]; 10] = [
    [3, 2, 1, 1],
    [2, 2, 2, 1],
    [2, 1, 2, 2],
    [1, 4, 1, 1],
    [1, 1, 3, 2],
    [1, 2, 3, 1],
    [1, 1, 1, 4],
    [1, 3, 1, 2],
    [1, 2, 1, 3],
    [3, 1, 1, 2],
];
/// Which digits of the left half are mirrored, for each first digit of thirteen.
const MIRRORED: [u8; 10] = [
    0b00_0000, 0b00_1011, 0b00_1101, 0b00_1110, 0b01_0011, 0b01_1001, 0b01_1100, 0b01_0101,
    0b01_0110, 0b01_1010,
];

/// The code that begins with the first of `code`.
pub(super) fn read(before: f32, code: &[f32]) -> Option<String> {
    distance(code, [1, 1, 1])?;
    let module = code[..3].iter().sum::<f32>() / 3.0;
    if before < 5.0 * module {
        return None;
    }
    halves(code, 6).or_else(|| halves(code, 4))
}

/// The digits of a code with so many in each half.
fn halves(code: &[f32], each: usize) -> Option<String> {
    let middle = 3 + 4 * each;
    let end = middle + 5 + 4 * each;
    // The end, and the light behind it.
    let whole = code.get(..end + 4)?;
    let modules = if each == 6 { 95.0 } else { 67.0 };
    let module = whole[..end + 3].iter().sum::<f32>() / modules;
    if whole[end + 3] < 4.0 * module {
        return None;
    }
    distance(&whole[middle..], [1, 1, 1, 1, 1])?;
    distance(&whole[end..], [1, 1, 1])?;
    let (mut digits, mut mirrored) = (Vec::with_capacity(13), 0);
    for half in [3, middle + 5] {
        for stripes in whole[half..half + 4 * each].chunks(4) {
            // A digit is seven modules wide: what is much more or less belongs to something else.
            let share = stripes.iter().sum::<f32>() / module;
            if !(5.5..=8.5).contains(&share) {
                return None;
            }
            let mirror = |[a, b, c, d]: [u8; 4]| [d, c, b, a];
            let also = DIGITS.map(mirror);
            let digit = if half == 3 && each == 6 {
                let digit = likest(stripes, DIGITS.into_iter().chain(also))?;
                mirrored = mirrored << 1 | u8::from(digit >= 10);
                digit % 10
            } else {
                likest(stripes, DIGITS)?
            };
            digits.push(digit);
        }
    }
    if each == 6 {
        digits.insert(0, MIRRORED.iter().position(|pattern| *pattern == mirrored)?);
    }
    is_whole(&digits).then(|| {
        // Twelve digits were there before thirteen: a leading zero is no part of what stands under the bars.
        let from = usize::from(each == 6 && digits[0] == 0);
        digits[from..].iter().map(usize::to_string).collect()
    })
}

/// Whether the last digit is what the others make it: from the right, every other one counts three times.
fn is_whole(digits: &[usize]) -> bool {
    let weighed = |(place, digit): (usize, &usize)| if place % 2 == 1 { 3 * digit } else { *digit };
    digits.iter().rev().enumerate().map(weighed).sum::<usize>() % 10 == 0
}
