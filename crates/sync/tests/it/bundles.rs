//! Bundles: what is packed is unpacked, and nobody on the way can change a bit of it unnoticed.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use proptest::prelude::*;
use sync::bundle::*;
use sync::codec::{self, DecodeError};
use sync::device::{Former, take_item};
use sync::wire::{DeviceId, Hash, SealedOperation};

use crate::sealing::{Pair, Sealing, digits};
use crate::unsealed::unsealed;

const KEY: u8 = 0x5a;

fn sealing() -> Sealing {
    Sealing::new(DeviceId([0xd0; 16]), &Pair::of(1), Pair::of(2).public())
}

fn contents() -> Item {
    Item::Contents(Contents { account: "can-bo".into(), device_name: "Android Chrome".into() })
}

fn of_device(oldest: Option<u64>) -> Item {
    Item::Device(OfDevice { device: DeviceId([0xd0; 16]), oldest })
}

fn operation(seq: u64, length: usize) -> Item {
    Item::Operation(SealedOperation { seq, bytes: vec![0xab; length] })
}

fn file(size: u64) -> Item {
    Item::File(FileHead { hash: Hash([0xb0; 32]), size, media_type: "image/jpeg".into() })
}

fn row() -> Item {
    Item::Row(Row { store: "open".into(), key: vec![1, 2], value: vec![3] })
}

/// A little of everything.
fn items() -> Vec<Item> {
    vec![
        contents(),
        of_device(Some(3)),
        operation(3, 4),
        operation(4, 5),
        file(3),
        Item::Chunk(vec![7, 8]),
        Item::Chunk(vec![9]),
        row(),
    ]
}

/// Reads a file as the server does. `is_proved`: whether the signature is looked at.
fn read(bytes: &[u8], is_proved: bool) -> Result<(Header, Vec<Item>), String> {
    let told = |error: BundleError| error.to_string();
    let prefix = bytes.first_chunk::<PREFIX_BYTES>().ok_or("no prefix")?;
    let length = header_length(prefix).map_err(told)?;
    let body = bytes.get(PREFIX_BYTES..PREFIX_BYTES + length).ok_or("no header")?;
    let header = read_header(body).map_err(told)?;
    let frames = Frames::of(length, bytes.len() as u64).map_err(told)?;
    let signature = usize::try_from(frames.signature()).map_err(|_too_large| "too large")?;
    if is_proved {
        let mut signed = Signed::default();
        signed.update(&bytes[..signature]);
        let key = VerifyingKey::from_sec1_bytes(&header.signer.0).map_err(|_why| "no key")?;
        let signature =
            Signature::from_slice(&bytes[signature..]).map_err(|_why| "no signature")?;
        key.verify(&signed.message(), &signature).map_err(|_why| "forged")?;
    }
    let associated = associated_data(&bytes[..PREFIX_BYTES + length]);
    let mut unpacker = Unpacker::default();
    let mut items = Vec::new();
    for place in 0..frames.count() {
        let (range, nonce) = frames.frame(place).expect("as many as are counted");
        let place = |at| usize::try_from(at).expect("a file in memory");
        let sealed = &bytes[place(range.start)..place(range.end)];
        let payload = Payload { msg: sealed, aad: &associated.0 };
        let opened = Aes256Gcm::new(&[KEY; 32].into()).decrypt(&Nonce::from(nonce), payload);
        items.extend(unpacker.take(&opened.map_err(|_why| "not opened")?).map_err(told)?);
    }
    unpacker.finish().map_err(told)?;
    Ok((header, items))
}

#[test]
fn a_bundle_is_written_as_it_was_frozen() {
    let file = sealing().pack(&items());
    assert_eq!(digits(&file), include_str!("frozen/bundle-1.txt").trim());
    let (header, read) = read(&file, true).expect("what was frozen is read");
    assert_eq!(read, items());
    assert_eq!(header.counts, Counts { records: 1, operations: 2, files: 1 });
    let code = ForCode { salt: [5; 16], iterations: 600_000, wrapped: WrappedKey([6; 48]) };
    let rescue = Header { kind: Kind::Rescue, organisation: None, code: Some(code), ..header };
    let written = codec::encode(&rescue);
    assert_eq!(digits(&written), include_str!("frozen/bundle-1-rescue-header.txt").trim());
    assert_eq!(read_header(&codec::encode(&rescue)), Ok(rescue));
}

#[test]
fn a_header_of_a_newer_version_is_told_apart_from_a_broken_one() {
    let header = |version| Header { version, ..read(&sealing().pack(&items()), true).unwrap().0 };
    assert_eq!(read_header(&codec::encode(&header(1))), Ok(header(1)));
    assert_eq!(read_header(&codec::encode(&header(2))), Err(BundleError::Newer(2)));
    // Even one that holds what this version cannot read.
    assert_eq!(read_header(&[0xa2, 0x00, 0x07, 0x01, 0x61, b'x']), Err(BundleError::Newer(7)));
    assert!(matches!(read_header(&[0xa0]), Err(BundleError::Header(DecodeError::Malformed(_)))));
    let prefix = |length: u32| {
        let bytes = [&MAGIC[..], &length.to_be_bytes()].concat();
        bytes.try_into().expect("eight bytes and four")
    };
    assert_eq!(header_length(&prefix(5)), Ok(5));
    assert_eq!(header_length(&prefix(u32::MAX)), Err(BundleError::TooLarge));
    assert_eq!(header_length(b"PK\x03\x04  a zip?"), Err(BundleError::NoBundle));
}

#[test]
fn every_bit_that_is_changed_is_noticed_with_and_without_the_signature() {
    let file = sealing().pack(&items());
    let body = file.len() - SIGNATURE_BYTES;
    for at in 0..file.len() {
        for bit in 0..8 {
            let mut changed = file.clone();
            changed[at] ^= 1 << bit;
            assert!(read(&changed, true).is_err(), "bit {bit} of byte {at}");
            // Somebody else's signature in its place would not help.
            assert!(at >= body || read(&changed, false).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn nobody_can_put_their_own_name_on_a_bundle() {
    let (mine, theirs) = (sealing(), Sealing { signer: Pair::of(3), ..sealing() });
    let file = mine.pack(&items());
    let (header, _) = read(&file, true).expect("a bundle");
    let frames = Frames::of(codec::encode(&header).len(), file.len() as u64).unwrap();
    let length = PREFIX_BYTES + codec::encode(&header).len();
    let sealed = &file[length..usize::try_from(frames.signature()).unwrap()];
    let renamed = Header { signer: theirs.signer.public(), ..header };
    let stolen = theirs.sign([write_header(&renamed).as_slice(), sealed].concat());
    assert_eq!(read(&stolen, true).unwrap_err(), "not opened");
    let signed_alone = theirs.sign([write_header(&header).as_slice(), sealed].concat());
    assert_eq!(read(&signed_alone, true).unwrap_err(), "forged");
}

/// Four frames, the last of them short.
fn long() -> Vec<Item> {
    let mut items = vec![contents(), of_device(None)];
    items.extend((1..=4).map(|seq| operation(seq, 200_000)));
    items
}

#[test]
fn frames_that_are_cut_off_moved_doubled_or_left_out_are_noticed() {
    let file = sealing().pack(&long());
    assert_eq!(read(&file, true).expect("a bundle").1, long());
    let header = codec::encode(&read(&file, true).unwrap().0).len();
    let frames = Frames::of(header, file.len() as u64).unwrap();
    assert_eq!(frames.count(), 4);
    let part = |place: u64| {
        let (range, _) = frames.frame(place).expect("a frame");
        &file[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()]
    };
    let head = &file[..PREFIX_BYTES + header];
    for order in [
        &[0, 1, 2][..],
        &[1, 2, 3],
        &[0, 2, 3],
        &[1, 0, 2, 3],
        &[0, 1, 1, 2, 3],
        &[0, 1, 2, 3, 3],
        &[3],
        &[],
    ] {
        let frames: Vec<u8> = order.iter().flat_map(|place| part(*place)).copied().collect();
        let moved = sealing().sign([head, &frames].concat());
        assert!(read(&moved, true).is_err(), "{order:?}");
    }
}

#[test]
fn two_nonces_are_never_the_same() {
    let mut nonces: Vec<[u8; 12]> =
        (0..1000).chain([u64::MAX]).flat_map(|at| [nonce(at, false), nonce(at, true)]).collect();
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), 2002);
}

#[test]
fn items_that_follow_each_other_wrongly_are_refused() {
    let chunk = |length| Item::Chunk(vec![1; length]);
    for (name, items) in [
        ("nothing", vec![]),
        ("nobody's", vec![of_device(None), operation(1, 1)]),
        ("two people's", vec![contents(), contents()]),
        ("no device", vec![contents(), operation(1, 1)]),
        ("a gap", vec![contents(), of_device(None), operation(1, 1), operation(3, 1)]),
        ("twice", vec![contents(), of_device(None), operation(1, 1), operation(1, 1)]),
        ("past the count", vec![contents(), of_device(None), operation(u64::MAX, 1)]),
        ("no file", vec![contents(), chunk(1)]),
        ("a file that goes on", vec![contents(), file(1), chunk(2)]),
        ("a file that stops", vec![contents(), file(2), chunk(1)]),
        ("a file in a file", vec![contents(), file(2), chunk(1), file(1), chunk(1)]),
        ("an empty chunk", vec![contents(), file(1), chunk(0), chunk(1)]),
        ("a large chunk", vec![contents(), file(300_000), chunk(300_000)]),
        ("late operations", vec![contents(), file(1), chunk(1), of_device(None)]),
        ("late files", vec![contents(), row(), file(1), chunk(1)]),
    ] {
        assert!(read(&sealing().pack(&items), true).is_err(), "{name}");
    }
    let most =
        vec![contents(), of_device(None), of_device(None), file(0), file(1), chunk(1), row()];
    assert_eq!(read(&sealing().pack(&most), true).expect("in order").1, most);
}

#[test]
fn an_item_that_says_to_be_longer_than_any_is_not_waited_for() {
    let mut unpacker = Unpacker::default();
    assert_eq!(unpacker.take(&u32::MAX.to_be_bytes()), Err(BundleError::TooLarge));
}

#[test]
fn no_item_is_packed_that_would_not_be_taken() {
    let mut packer = Packer::default();
    let longest =
        |length| Item::Row(Row { store: "open".into(), key: vec![], value: vec![3; length] });
    assert_eq!(packer.put(&longest(MAX_ITEM_BYTES)), Err(BundleError::TooLarge));
    assert_eq!(unsealed(&[contents()]), [contents()], "and the others are");
}

#[test]
fn a_row_of_any_length_comes_in_pieces_and_is_put_together() {
    let row = |key: u8, length| {
        let value: Vec<u8> = (0..length).map(|at: u32| (at % 251) as u8).collect();
        Row { store: "forms".into(), key: vec![key], value }
    };
    let rows = [row(1, 3), row(2, 20 << 20), row(3, 0), row(4, 8 << 20), row(5, 9 << 20)];
    let mut items = vec![contents()];
    items.extend(rows.iter().cloned().flat_map(Row::in_pieces).map(Item::Row));
    assert_eq!(items.len(), 1 + 1 + 5 + 1 + 2 + 3);
    let mut joined = Vec::new();
    for item in unsealed(&items) {
        if let Item::Row(row) = item {
            row.join(&mut joined);
        }
    }
    assert!(joined == rows);
    // Whoever knows no pieces finds nothing in any store that is not whole.
    let whole = |item: &Item| matches!(item, Item::Row(row) if row.store == "forms");
    assert_eq!(items.iter().filter(|item| whole(item)).count(), 2);
}

#[test]
fn what_is_freed_between_operations_leaves_a_bundle_that_opens() {
    let device = DeviceId([0xd0; 16]);
    let sealed = |seq| SealedOperation { seq, bytes: vec![1] };
    let named = |oldest| Item::Device(OfDevice { device, oldest });
    let operations: Vec<_> = [1, 5, 21, 22].into_iter().map(sealed).collect();
    let mut items = vec![contents()];
    items.extend(runs(device, operations.clone()));
    items.extend(runs(DeviceId([0xd1; 16]), []));
    assert_eq!(
        items[1..],
        [
            named(None),
            Item::Operation(sealed(1)),
            named(Some(5)),
            Item::Operation(sealed(5)),
            named(Some(21)),
            Item::Operation(sealed(21)),
            Item::Operation(sealed(22)),
            Item::Device(OfDevice { device: DeviceId([0xd1; 16]), oldest: None }),
        ]
    );
    let mut came = Vec::new();
    let others: Vec<Item> =
        unsealed(&items).into_iter().filter_map(|item| take_item(&mut came, item)).collect();
    assert_eq!(others, [contents()]);
    let nothing = Former { device: DeviceId([0xd1; 16]), acked: 0, operations: Vec::new() };
    assert_eq!(came, [Former { device, acked: 0, operations }, nothing]);
}

#[test]
fn files_that_do_not_fit_into_one_bundle_go_in_further_ones() {
    const LIMIT: u64 = 2 << 20;
    let operations: Vec<Item> = (1..=3).map(|seq| operation(seq, 200_000)).collect();
    let others: u64 = operations.iter().map(bytes_of).sum();
    let sizes = [0, 1, 300_000, 600_000, 700_000, 900_000, 1_000_000, 1_000_000, 1_900_000];
    let parts = parts(LIMIT, others, sizes);
    assert_eq!(parts.iter().sum::<usize>(), sizes.len());
    let mut left = sizes.as_slice();
    for (place, count) in parts.iter().enumerate() {
        let (these, after) = left.split_at(*count);
        left = after;
        let mut items = vec![contents(), of_device(None)];
        items.extend(if place == 0 { operations.clone() } else { Vec::new() });
        for size in these {
            items.push(file(*size));
            let bytes = vec![3; usize::try_from(*size).expect("a file in memory")];
            items.extend(bytes.chunks(MAX_CHUNK_BYTES).map(|bytes| Item::Chunk(bytes.to_vec())));
        }
        assert!(sealing().pack(&items).len() as u64 <= LIMIT, "{place}: {these:?}");
    }
    assert!(parts.len() <= 5, "{parts:?}: they are full");
    assert_eq!(sync::bundle::parts(LIMIT, others, []), [0], "without files there is one");
    assert_eq!(sync::bundle::parts(LIMIT, LIMIT, [5]), [0, 1], "with no room beside the work");
}

#[test]
fn a_code_is_good_however_it_is_typed_and_every_one_is_another() {
    let code = code_of([0xa7; 16]);
    assert_eq!(code.len(), 23);
    let typed = format!(" {} ", code.to_uppercase().replace('-', " "));
    assert_eq!(code_bytes(&typed), code_bytes(&code));
    assert_eq!(code_bytes(&code).len(), 20);
    // Each of the 100 bits counts.
    for bit in 0..100 {
        let other = 0xa7a7_a7a7_a7a7_a7a7_a7a7_a7a7_a7a7_a7a7_u128 ^ (1 << bit);
        assert_ne!(code_of(other.to_be_bytes()), code, "bit {bit}");
    }
}

fn any_items() -> impl Strategy<Value = Vec<Item>> {
    let operations = prop::collection::vec(0..FRAME_BYTES / 2, 0..6);
    let files = prop::collection::vec(0..2 * MAX_CHUNK_BYTES, 0..3);
    (operations, files, 0..3_usize).prop_map(|(operations, files, rows)| {
        let mut items = vec![contents(), of_device(None)];
        items.extend((1..).zip(operations).map(|(seq, length)| operation(seq, length)));
        for size in files {
            items.push(file(size as u64));
            let bytes = vec![3; size];
            items.extend(bytes.chunks(MAX_CHUNK_BYTES).map(|bytes| Item::Chunk(bytes.to_vec())));
        }
        items.extend((0..rows).map(|_why| row()));
        items
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_was_packed_is_unpacked_whatever_its_lengths(items in any_items()) {
        let file = sealing().pack(&items);
        prop_assert_eq!(read(&file, true).map(|(_, read)| read), Ok(items));
    }

    #[test]
    fn a_bundle_that_was_changed_anywhere_is_noticed(
        items in any_items(), at in any::<prop::sample::Index>(), bit in 0..8_u32, cut in any::<prop::sample::Index>(),
    ) {
        let file = sealing().pack(&items);
        let mut flipped = file.clone();
        *at.get_mut(&mut flipped) ^= 1 << bit;
        prop_assert!(read(&flipped, true).is_err());
        let shorter = &file[..cut.index(file.len())];
        prop_assert!(read(shorter, true).is_err());
        // Whoever signs it anew cannot hide that it was cut.
        prop_assert!(read(&sealing().sign(shorter.to_vec()), true).is_err() || shorter.len() == file.len() - SIGNATURE_BYTES);
        let longer = [file.as_slice(), &[0]].concat();
        prop_assert!(read(&longer, true).is_err());
    }
}
