//! The forms that are ready to be filled in.

use std::sync::Arc;

use form::Program;
use sync::wire::Hash;

use crate::stores::pack::PackFile;

/// The lists of forms that stay ready have together at most so many bytes, unless one form has more: a form takes its lists along, and
/// a phone's memory is small.
const MAX_LIST_BYTES: u64 = 8 << 20;

/// Forms made ready, each with the lists beside it that were here then; the one that was asked for last stands last.
#[derive(Default)]
pub(super) struct Ready(Vec<(Hash, Vec<PackFile>, Arc<Program>)>);

impl Ready {
    /// The form, if it was made with these lists.
    pub fn find<'a>(
        &mut self,
        hash: Hash,
        lists: impl Iterator<Item = &'a PackFile>,
    ) -> Option<Arc<Program>> {
        let at = self.0.iter().position(|(known, ..)| *known == hash)?;
        let form = self.0.remove(at);
        let program = form.1.iter().eq(lists).then(|| Arc::clone(&form.2));
        self.0.push(form);
        program
    }

    pub fn has(&self, hash: Hash) -> bool {
        self.0.iter().any(|(known, ..)| *known == hash)
    }

    /// Keeps a form, and lets go of those with lists that were not asked for since long.
    pub fn keep(&mut self, hash: Hash, lists: Vec<PackFile>, program: Arc<Program>) {
        self.0.retain(|(known, ..)| *known != hash);
        self.0.push((hash, lists, program));
        let (mut bytes, mut stays) = (0, Vec::new());
        for (_, lists, _) in self.0.iter().rev() {
            let own: u64 = lists.iter().map(|list| list.bytes).sum();
            stays.push(own == 0 || bytes == 0 || bytes + own <= MAX_LIST_BYTES);
            bytes += own;
        }
        self.0.retain(|_| stays.pop() == Some(true));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
      <h:head><h:title>t</h:title><model><instance><data id="t"><a/></data></instance>
      <bind nodeset="/data/a" type="string"/></model></h:head><h:body><input ref="/data/a"/></h:body></h:html>"#;

    #[test]
    fn forms_with_long_lists_do_not_pile_up() {
        let (form, _) = form::parse_xform(FORM).expect("the form is XML");
        let program = Arc::new(form::compile(form, &form::Resources::default()).expect("right"));
        let list = |bytes| PackFile { bytes, ..PackFile::default() };
        let (long, short) = (vec![list(MAX_LIST_BYTES + 1)], vec![list(9)]);
        let forms = [long.clone(), vec![], short.clone(), short.clone(), long.clone()];
        let mut ready = Ready::default();
        let keep = |ready: &mut Ready, form: u8, lists: &Vec<PackFile>| {
            ready.keep(Hash([form; 32]), lists.clone(), program.clone());
            (0..5).map(|form| ready.has(Hash([form; 32]))).collect::<Vec<_>>()
        };
        for (form, lists) in (0..4).zip(&forms) {
            keep(&mut ready, form, lists);
        }
        // The long one went with the first other that has a list; the last that has one is there in any case.
        assert_eq!(keep(&mut ready, 3, &short), [false, true, true, true, false]);
        assert!(ready.find(Hash([2; 32]), short.iter()).is_some());
        assert!(ready.find(Hash([2; 32]), long.iter()).is_none(), "another list came");
        assert_eq!(keep(&mut ready, 4, &long), [false, true, false, false, true]);
    }
}
