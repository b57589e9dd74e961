//! What comes out of a bundle that was packed of these items, for suites that need no ciphers.

use sync::bundle::{Item, Packer, Unpacker};

pub fn unsealed(items: &[Item]) -> Vec<Item> {
    let (mut packer, mut unpacker) = (Packer::default(), Unpacker::default());
    let put = |item| packer.put(item).expect("an item that is taken");
    let mut frames: Vec<_> = items.iter().flat_map(put).collect();
    frames.push(packer.finish());
    let take = |frame: &sync::bundle::Plain| unpacker.take(&frame.bytes).expect("in order");
    let read = frames.iter().flat_map(take).collect();
    unpacker.finish().expect("whole");
    read
}
