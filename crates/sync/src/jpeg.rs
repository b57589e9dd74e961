//! What a JPEG tells beside its picture: where it was taken, when and with what.

const START: [u8; 2] = [0xFF, 0xD8];
const END: u8 = 0xD9;
const SCAN: u8 = 0xDA;
const APP0: u8 = 0xE0;
const APP1: u8 = 0xE1;
const APP2: u8 = 0xE2;
const APP14: u8 = 0xEE;
const APP15: u8 = 0xEF;
const COMMENT: u8 = 0xFE;
const EXIF: &[u8] = b"Exif\0\0";

/// The picture alone, with its colours and which way is up; `None` for what is no JPEG.
///
/// None of what else the camera wrote stays, and nothing of what lies behind it: a small film, or another picture with a place of its own.
#[must_use]
pub fn picture_alone(jpeg: &[u8]) -> Option<Vec<u8>> {
    let mut rest = jpeg.strip_prefix(&START)?;
    let mut alone = Vec::with_capacity(jpeg.len());
    alone.extend(START);
    let mut is_turned = false;
    loop {
        let [0xFF, marker, behind @ ..] = rest else { return None };
        match *marker {
            // It may be written more than once.
            0xFF => {
                rest = &rest[1..];
                continue;
            }
            END => {
                alone.extend([0xFF, END]);
                return Some(alone);
            }
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes(*behind.first_chunk()?));
        let (segment, behind) = behind.split_at_checked(length)?;
        let body = segment.get(2..)?;
        rest = behind;
        if draws(*marker, body) {
            alone.extend([0xFF, *marker]);
            alone.extend(segment);
        } else if let (APP1, false, Some(turn)) = (*marker, is_turned, turn_of(body)) {
            is_turned = true;
            alone.extend(turned(turn));
        }
        if *marker == SCAN {
            let (scan, behind) = rest.split_at(end_of_scan(rest));
            alone.extend(scan);
            rest = behind;
            // One that was cut short shows its upper part.
            if rest.is_empty() {
                return Some(alone);
            }
        }
    }
}

/// Whether a segment says how the picture is drawn: all that is not the cameras' own, and of that what tells of colours.
fn draws(marker: u8, body: &[u8]) -> bool {
    match marker {
        APP0 | APP14 => true,
        APP2 => body.starts_with(b"ICC_PROFILE\0"),
        APP1..=APP15 | COMMENT => false,
        _ => true,
    }
}

/// How long the coded picture is that begins there: up to a mark that is none of its own.
fn end_of_scan(scan: &[u8]) -> usize {
    let is_mark = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xD0..=0xD7 | 0xFF);
    scan.windows(2).position(is_mark).unwrap_or(scan.len())
}

/// How the picture is to be turned, if it is: 2 to 8.
fn turn_of(body: &[u8]) -> Option<u8> {
    let tiff = body.strip_prefix(EXIF)?;
    let is_little = tiff.starts_with(b"II");
    let two = |at: usize| {
        let bytes = *tiff.get(at..)?.first_chunk()?;
        Some(if is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let bytes = *tiff.get(4..)?.first_chunk()?;
    let first = if is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
    let first = usize::try_from(first).ok()?;
    let entries = (0..usize::from(two(first)?)).map(|entry| first.checked_add(2 + 12 * entry));
    let entry = entries.flatten().find(|entry| two(*entry) == Some(0x0112))?;
    u8::try_from(two(entry + 8)?).ok().filter(|turn| (2..=8).contains(turn))
}

/// A segment that says that and nothing else.
fn turned(turn: u8) -> Vec<u8> {
    let mut segment = vec![0xFF, APP1, 0, 34];
    segment.extend(EXIF);
    segment.extend(b"MM\0\x2A\0\0\0\x08\0\x01");
    segment.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, turn, 0, 0, 0, 0, 0, 0]);
    segment
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len() + 2).expect("short");
        [&[0xFF, marker], &length.to_be_bytes()[..], body].concat()
    }

    /// As phones write it: which way is up, and the place.
    fn exif(turn: u8, is_little: bool) -> Vec<u8> {
        let two = |number: u16| if is_little { number.to_le_bytes() } else { number.to_be_bytes() };
        let four =
            |number: u32| if is_little { number.to_le_bytes() } else { number.to_be_bytes() };
        let mut tiff = if is_little { b"II".to_vec() } else { b"MM".to_vec() };
        tiff.extend([&two(42)[..], &four(8), &two(2)].concat());
        tiff.extend([&two(0x010F)[..], &two(2), &four(4), b"Cam\0"].concat());
        tiff.extend([&two(0x0112)[..], &two(3), &four(1), &two(turn.into()), &two(0)].concat());
        tiff.extend(b"\0\0\0\0 GPS 10.9 107.2");
        [EXIF, &tiff].concat()
    }

    const SCANNED: &[u8] = &[0x12, 0xFF, 0x00, 0x34, 0xFF, 0xD3, 0x56];

    fn photo(turn: u8, is_little: bool) -> Vec<u8> {
        [
            &START[..],
            &segment(APP0, b"JFIF\0"),
            &segment(APP1, &exif(turn, is_little)),
            &segment(APP1, b"http://ns.adobe.com/xap/1.0/\0 GPS"),
            &segment(APP2, b"ICC_PROFILE\0 colours"),
            &segment(APP2, b"MPF\0 GPS"),
            &segment(0xED, b"Photoshop 3.0\0 GPS"),
            &segment(COMMENT, b"GPS"),
            &segment(0xC0, b"frame"),
            &segment(SCAN, b"one"),
            SCANNED,
            // Of a picture that comes sharper and sharper.
            &segment(0xC4, b"table"),
            &segment(SCAN, b"two"),
            SCANNED,
            &[0xFF, END],
            b"another picture, with GPS",
        ]
        .concat()
    }

    #[test]
    fn a_photo_keeps_its_colours_and_which_way_is_up_and_tells_no_place() {
        for (turn, is_little) in [(6, true), (8, false), (1, true), (0, false), (9, true)] {
            let is_turned = (2..=8).contains(&turn);
            let expected = [
                &START[..],
                &segment(APP0, b"JFIF\0"),
                &if is_turned { turned(turn) } else { Vec::new() },
                &segment(APP2, b"ICC_PROFILE\0 colours"),
                &segment(0xC0, b"frame"),
                &segment(SCAN, b"one"),
                SCANNED,
                &segment(0xC4, b"table"),
                &segment(SCAN, b"two"),
                SCANNED,
                &[0xFF, END],
            ]
            .concat();
            let alone = picture_alone(&photo(turn, is_little)).expect("a JPEG");
            assert_eq!(alone, expected, "{turn}");
            assert_eq!(picture_alone(&alone), Some(alone), "once more changes nothing");
        }
    }

    #[test]
    fn what_is_no_jpeg_is_left_to_whoever_has_it() {
        for other in
            [&b""[..], b"\x89PNG\r\n", b"\0\0\0\x18ftypheic", &START, &[0xFF, 0xD8, 0xFF, 0xE1]]
        {
            assert_eq!(picture_alone(other), None);
        }
    }

    proptest! {
        #[test]
        fn a_photo_that_was_cut_short_tells_no_place_either_and_a_damaged_one_stops_nobody(
            (at, byte) in (0..photo(6, true).len(), any::<u8>()),
            end in 0..photo(6, true).len(),
        ) {
            let mut damaged = photo(6, true);
            damaged[at] = byte;
            drop(picture_alone(&damaged));
            let cut = picture_alone(&photo(6, true)[..end]);
            prop_assert!(cut.is_none_or(|cut| !cut.windows(3).any(|part| part == b"GPS")));
        }
    }
}
