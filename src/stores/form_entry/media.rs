//! Files that came with a form, for its labels and choices.

use std::cell::RefCell;

use leptos::prelude::*;

use super::FormEntry;
use crate::platform::files::{ObjectUrl, Picked};

/// The files, each with the address under which the page shows it once somebody looks at it.
#[derive(Default)]
pub(super) struct Media(RefCell<Vec<(Picked, Option<ObjectUrl>)>>);

impl Media {
    pub(super) fn new(files: Vec<Picked>) -> Self {
        Self(RefCell::new(files.into_iter().map(|file| (file, None)).collect()))
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
            let (file, url) = files.iter_mut().find(|(file, _)| is_named(address, &file.name))?;
            if url.is_none() {
                *url = ObjectUrl::new(&file.bytes, &file.media_type).ok();
            }
            url.as_ref().map(|url| url.as_str().to_owned())
        })
    }

    /// The text of a file that a label names.
    #[must_use]
    pub fn media_text(self, address: &str) -> Option<String> {
        self.media.with_value(|media| {
            let files = media.0.borrow();
            let (file, _) = files.iter().find(|(file, _)| is_named(address, &file.name))?;
            String::from_utf8(file.bytes.clone()).ok()
        })
    }
}

fn is_named(address: &str, name: &str) -> bool {
    address.rsplit('/').next() == Some(name)
}
