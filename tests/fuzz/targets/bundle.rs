//! A file that somebody brings as a bundle: its header read or refused, its frames within it, and whatever was sealed taken
//! apart in pieces of any length as in one. What is read is written again as the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sync::bundle::{
    Frames, Item, MAX_ITEM_BYTES, PREFIX_BYTES, Packer, Unpacker, header_length, read_header,
    write_header,
};

fuzz_target!(|bytes: &[u8]| {
    header(bytes);
    content(bytes);
});

fn header(file: &[u8]) {
    let Some(prefix) = file.first_chunk::<PREFIX_BYTES>() else { return };
    let Ok(length) = header_length(prefix) else { return };
    if let Ok(frames) = Frames::of(length, file.len() as u64) {
        let mut end = (PREFIX_BYTES + length) as u64;
        for place in 0..frames.count() {
            let (range, _) = frames.frame(place).expect("as many as are counted");
            assert!(range.start == end && range.end > range.start);
            end = range.end;
        }
        assert_eq!((end, frames.frame(frames.count())), (frames.signature(), None));
    }
    let body = file.get(PREFIX_BYTES..PREFIX_BYTES + length).unwrap_or_default();
    if let Ok(header) = read_header(body) {
        let written = write_header(&header);
        assert_eq!(read_header(&written[PREFIX_BYTES..]), Ok(header));
    }
}

fn content(plain: &[u8]) {
    let mut whole = Unpacker::default();
    let at_once = whole.take(plain);
    let (mut pieces, mut items) = (Unpacker::default(), Vec::new());
    let length = usize::from(plain.first().copied().unwrap_or_default()) + 1;
    for piece in plain.chunks(length) {
        match pieces.take(piece) {
            Ok(found) => items.extend(found),
            Err(error) => return assert!(at_once.is_err(), "{error}"),
        }
    }
    assert_eq!(at_once.as_ref(), Ok(&items));
    assert_eq!(whole.finish(), pieces.finish());
    again(&items);
}

fn again(items: &[Item]) {
    let mut packer = Packer::default();
    let mut unpacker = Unpacker::default();
    let mut read = Vec::new();
    let put = |item| packer.put(item).expect("what was taken is put");
    let mut frames: Vec<_> = items.iter().flat_map(put).collect();
    frames.push(packer.finish());
    for frame in frames {
        assert!(frame.bytes.len() <= MAX_ITEM_BYTES);
        read.extend(unpacker.take(&frame.bytes).expect("what was read is written"));
    }
    assert_eq!(read, items);
}
