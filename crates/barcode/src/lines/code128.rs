//! Code 128: labels of devices, parcels and files. ISO/IEC 15417.

use super::{distance, likest};

/// Each symbol's widths in modules, dark first.
const SYMBOLS: [[u8; 6]; 106] = {
    let digits = b"212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122\
        123221223211221132221231213212223112312131311222321122321221312212322112322211212123212321232121111323131123131321112313\
        132113132311211313231113231311112133112331132131113123113321133121313121211331231131213113213311213131311123311321331121\
        312113312311332111314111221411431111111224111422121124121421141122141221112214112412122114122411142112142211241211221114\
        413111241112134111111242121142121241114212124112124211411212421112421211212141214121412121111143111341131141114113114311\
        411113411311113141114131311141411131211412211214211232";
    let mut symbols = [[0; 6]; 106];
    let mut at = 0;
    while at < 636 {
        symbols[at / 6][at % 6] = digits[at] - b'0';
        at += 1;
    }
    symbols
};
const STOP: [u8; 7] = [2, 3, 3, 1, 1, 1, 2];

/// What a symbol means is said by the one of these that was last.
#[derive(Clone, Copy, PartialEq)]
enum Set {
    /// Capitals and what is not printed.
    A,
    /// Capitals and small letters.
    B,
    /// Two digits each.
    C,
}

/// The code that begins with the first of `code`.
pub(super) fn read(before: f32, code: &[f32]) -> Option<String> {
    let start = 103 + likest(code, SYMBOLS[103..].iter().copied())?;
    let module = code[..6].iter().sum::<f32>() / 11.0;
    if before < 5.0 * module {
        return None;
    }
    let mut symbols = vec![start];
    let mut rest = &code[6..];
    while distance(rest, STOP).is_none() || rest.get(7).is_some_and(|after| *after < 4.0 * module) {
        symbols.push(likest(rest, SYMBOLS[..103].iter().copied())?);
        rest = &rest[6..];
    }
    let (check, data) = symbols.split_last()?;
    let weighed = |(place, symbol): (usize, &usize)| place.max(1) * symbol;
    let sum: usize = data.iter().enumerate().map(weighed).sum();
    if data.len() < 2 || sum % 103 != *check {
        return None;
    }
    Some(text_of(data)).filter(|text| !text.is_empty())
}

/// What the symbols say: marks for machines (FNC) and what is not printed are left out, since no answer can hold them.
fn text_of(symbols: &[usize]) -> String {
    let mut text = String::new();
    let (mut set, mut shifted) = (Set::A, false);
    for symbol in symbols.iter().copied() {
        let now = match (set, std::mem::take(&mut shifted)) {
            (Set::A, true) => Set::B,
            (Set::B, true) => Set::A,
            (set, _) => set,
        };
        match (now, symbol) {
            (_, 103) | (Set::B | Set::C, 101) => set = Set::A,
            (_, 104) | (Set::A | Set::C, 100) => set = Set::B,
            (_, 105) | (Set::A | Set::B, 99) => set = Set::C,
            (Set::C, 0..100) => text.push_str(&format!("{symbol:02}")),
            (Set::A | Set::B, 98) => shifted = true,
            (Set::A, 0..64) | (Set::B, 0..95) => {
                text.push(char::from(u8::try_from(symbol + 32).expect("below 127")));
            }
            _ => {}
        }
    }
    text
}
