//! Code 39: inventory labels. ISO/IEC 16388.

/// What stands for each character: of nine stripes, dark first, which are wide.
const CHARACTERS: &[u8; 44] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%*";
const WIDE: [u16; 44] = [
    0x034, 0x121, 0x061, 0x160, 0x031, 0x130, 0x070, 0x025, 0x124, 0x064, 0x109, 0x049, 0x148,
    0x019, 0x118, 0x058, 0x00d, 0x10c, 0x04c, 0x01c, 0x103, 0x043, 0x142, 0x013, 0x112, 0x052,
    0x007, 0x106, 0x046, 0x016, 0x181, 0x0c1, 0x1c0, 0x091, 0x190, 0x0d0, 0x085, 0x184, 0x0c4,
    0x0a8, 0x0a2, 0x08a, 0x02a, 0x094,
];

/// The code that begins with the first of `code`.
pub(super) fn read(before: f32, code: &[f32]) -> Option<String> {
    let first = character(code)?;
    let width: f32 = code[..9].iter().sum();
    if first != '*' || before < width / 4.0 {
        return None;
    }
    let mut text = String::new();
    let mut rest = code;
    loop {
        // The gap between two characters is light and says nothing.
        if rest[9] > width / 2.0 {
            return None;
        }
        rest = &rest[10..];
        let next = character(rest)?;
        let share = rest[..9].iter().sum::<f32>() / width;
        if !(0.7..=1.4).contains(&share) {
            return None;
        }
        if next == '*' {
            break;
        }
        text.push(next);
    }
    // It has no check of its own: a single character may be anything.
    (text.len() > 1 && rest[9] > width / 4.0).then_some(text)
}

/// The character of the first nine stripes, if light follows them.
fn character(stripes: &[f32]) -> Option<char> {
    let (stripes, _) = stripes.get(..10)?.split_first_chunk::<9>()?;
    // Three of nine are wide: the limit lies between them and the rest.
    let mut sorted = *stripes;
    sorted.sort_by(f32::total_cmp);
    let (narrow, wide) = (sorted[5], sorted[6]);
    if wide < 1.4 * narrow || sorted[8] > 2.0 * wide || narrow > 2.5 * sorted[0] {
        return None;
    }
    let limit = (narrow + wide) / 2.0;
    let bits = stripes.iter().fold(0, |bits, stripe| bits << 1 | u16::from(*stripe > limit));
    let at = WIDE.iter().position(|wide| *wide == bits)?;
    Some(char::from(CHARACTERS[at]))
}
