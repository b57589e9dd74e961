//! Files that came with a form, for its labels and choices.

use std::cell::RefCell;

use leptos::prelude::*;

use super::FormEntry;
use crate::platform::files::{ObjectUrl, Picked};

/// A file that came with a form.
pub(in crate::stores) enum Medium {
    /// Somebody gave it; the page makes an address for it once somebody looks at it.
    Picked(Picked, Option<ObjectUrl>),
    /// The phone keeps it: its name, its address, and its text where a control reads that.
    Held(String, ObjectUrl, Option<String>),
}

impl Medium {
    fn name(&self) -> &str {
        match self {
            Self::Picked(file, _) => &file.name,
            Self::Held(name, ..) => name,
        }
    }
}

/// The files.
#[derive(Default)]
pub(super) struct Media(RefCell<Vec<Medium>>);

impl Media {
    pub(super) fn new(files: Vec<Medium>) -> Self {
        Self(RefCell::new(files))
    }
}

impl FormEntry {
    /// Whether any files came with the form.
    #[must_use]
    pub fn has_media(self) -> bool {
        self.media.with_value(|media| !media.0.borrow().is_empty())
    }

    /// Where the page finds the file that a label names, such as `jr://images/a.png`; `None` if it is not here.
    #[must_use]
    pub fn media(self, address: &str) -> Option<String> {
        self.media.with_value(|media| {
            let mut files = media.0.borrow_mut();
            match files.iter_mut().find(|file| is_named(address, file.name()))? {
                Medium::Held(_, url, _) => Some(url.as_str().to_owned()),
                Medium::Picked(file, url) => {
                    if url.is_none() {
                        *url = ObjectUrl::new(&file.bytes, &file.media_type).ok();
                    }
                    url.as_ref().map(|url| url.as_str().to_owned())
                }
            }
        })
    }

    /// The text of a file that a label names.
    #[must_use]
    pub fn media_text(self, address: &str) -> Option<String> {
        self.media.with_value(|media| {
            let files = media.0.borrow();
            match files.iter().find(|file| is_named(address, file.name()))? {
                Medium::Held(_, _, text) => text.clone(),
                Medium::Picked(file, _) => String::from_utf8(file.bytes.clone()).ok(),
            }
        })
    }
}

fn is_named(address: &str, name: &str) -> bool {
    address.rsplit('/').next() == Some(name)
}
