//! The pack of the repository loads, and broken packs say what is wrong with them and where.

mod broken;
mod phone;
mod real;
mod scope;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of a pack, by path inside it.
type Files = BTreeMap<String, Vec<u8>>;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files of the repository's pack.
fn real_files() -> Files {
    let root = repository().join("packs/long-khanh-2024");
    let mut files = Files::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the pack's folder can be read") {
            let path = entry.expect("its entries too").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path
                    .strip_prefix(&root)
                    .expect("it is inside")
                    .to_string_lossy()
                    .replace('\\', "/");
                files.insert(name, fs::read(&path).expect("its files too"));
            }
        }
    }
    files
}

/// The repository's pack.
fn real_pack() -> pack::Pack {
    pack::read(&real_files()).0.expect("the repository's pack loads")
}
