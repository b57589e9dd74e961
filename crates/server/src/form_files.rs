//! The files beside the forms of a pack: which of them the forms name, and whether they can be read.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use form::definition::{BodyNode, Control, Form, Source};
use form::{CsvRows, ITEMSETS, ProblemKind, Resources};
use md5::{Digest, Md5};
use pack::phone::PhoneFile;
use sync::wire::Hash;
use xlsform::Kind;

use crate::pack_load::Problem;

/// Largest file beside a form: a phone keeps it whole.
pub const MAX_FILE: usize = 32 * 1024 * 1024;

/// Most that may lie beside one form.
pub const MAX_BESIDE_FORM: usize = 128 * 1024 * 1024;

/// Files are kept and sent in pieces of this many bytes, the last one shorter.
pub const PIECE: usize = 256 * 1024;

/// A file beside a form.
#[derive(Clone, Debug)]
pub struct FormFile {
    /// The last part of the addresses by which the form names it.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// MD5 of its bytes, by which `OpenRosa` clients know it.
    pub md5: [u8; 16],
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Phones have what is in it with the form: only `OpenRosa` clients look for it beside that.
    pub is_in_form: bool,
}

impl FormFile {
    /// A file of that name.
    #[must_use]
    pub fn new(name: &str, bytes: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            media_type: media_type(name),
            hash: sync::codec::hash(&bytes),
            md5: Md5::digest(&bytes).into(),
            bytes,
            is_in_form: false,
        }
    }

    /// What phones are told of it.
    #[must_use]
    pub fn for_phones(&self) -> PhoneFile {
        PhoneFile {
            name: self.name.clone(),
            hash: self.hash.to_string(),
            bytes: self.bytes.len() as u64,
            media_type: self.media_type.to_owned(),
        }
    }
}

/// What a file's ending says of it.
fn media_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    match ending.as_str() {
        "csv" => "text/csv",
        "xml" => "application/xml",
        "geojson" => "application/geo+json",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "svg" => "image/svg+xml",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "ogg" | "oga" => "audio/ogg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        _ => "application/octet-stream",
    }
}

/// A form, and where its parts are in the pack.
pub(crate) struct Place<'a> {
    /// The spreadsheet's path.
    pub(crate) sheet: &'a str,
    /// The folder beside it, with the `/` behind it.
    pub(crate) folder: &'a str,
    /// What the spreadsheet makes.
    pub(crate) form: &'a Form,
}

/// The files beside a form, and what is wrong with them. `made_here` are the lists of entities that records of the pack's
/// forms make: nobody has to bring those along.
pub(crate) fn check(
    place: &Place,
    files: &BTreeMap<String, Vec<u8>>,
    made_here: &BTreeSet<String>,
    problems: &mut Vec<Problem>,
) -> Vec<FormFile> {
    let beside = files.iter().filter_map(|(path, bytes)| {
        let name = path.strip_prefix(place.folder)?;
        (!name.contains('/')).then(|| FormFile::new(name, bytes.clone()))
    });
    let mut beside: Vec<FormFile> = beside.collect();
    let mut tell = |text: String, is_warning| problems.push(Problem { text, is_warning });
    let mut named = BTreeSet::new();
    // The spreadsheet was read before: it is read once more for what few forms need.
    let read = || {
        let bytes = files.get(place.sheet).map(Vec::as_slice).unwrap_or_default();
        xlsform::read_workbook(bytes, Kind::Spreadsheet).unwrap_or_default()
    };
    let mut workbook = None;
    for address in place.form.files() {
        let name = address.rsplit('/').next().unwrap_or(address);
        let is_made_here = name.strip_suffix(".csv").is_some_and(|list| made_here.contains(list));
        named.insert(name);
        if is_made_here || beside.iter().any(|file| file.name == name) {
            continue;
        }
        let similar = beside.iter().find(|file| file.name.to_lowercase() == name.to_lowercase());
        let similar = similar.map(|file| file.name.as_str());
        let workbook = workbook.get_or_insert_with(read);
        let missing = xlsform::missing_file(workbook, address, similar);
        tell(format!("{}: {missing} (in {})", place.sheet, place.folder), false);
    }
    if controls(&place.form.body).any(|control| control.external_choices().is_some()) {
        named.insert(ITEMSETS);
        let lists = xlsform::external_choices_csv(workbook.get_or_insert_with(read));
        if let Some(lists) = lists.filter(|_| beside.iter().all(|file| file.name != ITEMSETS)) {
            let file = FormFile::new(ITEMSETS, lists.into_bytes());
            beside.push(FormFile { is_in_form: true, ..file });
        }
    }
    let lists: Vec<(&FormFile, &str)> = beside
        .iter()
        .filter(|file| named.contains(file.name.as_str()) && is_list(&file.name))
        .filter_map(|file| Some((file, std::str::from_utf8(&file.bytes).ok()?)))
        .collect();
    for file in &beside {
        let path = format!("{}{}", place.folder, file.name);
        if file.bytes.len() > MAX_FILE {
            tell(format!("{path}: larger than {MAX_FILE} bytes"), false);
        }
        // What choices of a list show is named in the list.
        let in_a_list = || lists.iter().any(|(_, text)| text.contains(&file.name));
        if !named.contains(file.name.as_str()) && !in_a_list() {
            tell(format!("{path}: the form does not use this file"), true);
        } else if is_list(&file.name) && std::str::from_utf8(&file.bytes).is_err() {
            tell(format!("{path}: this is not UTF-8: save the file as UTF-8"), false);
        }
    }
    let total: usize = beside.iter().map(|file| file.bytes.len()).sum();
    if total > MAX_BESIDE_FORM {
        let text = format!("{}: {total} bytes together; {MAX_BESIDE_FORM} at most", place.folder);
        tell(text, false);
    }
    for (file, text) in lists {
        check_list(place, &file.name, text, problems);
    }
    beside
}

pub(crate) fn is_list(name: &str) -> bool {
    matches!(media_type(name), "text/csv" | "application/xml" | "application/geo+json")
}

/// Whether a list can be read, and has the columns that the form's choices are made of.
fn check_list(place: &Place, name: &str, text: &str, problems: &mut Vec<Problem>) {
    let path = format!("{}{name}", place.folder);
    let mut tell = |text: String, is_warning| problems.push(Problem { text, is_warning });
    let ids = place.form.secondary.iter().filter(|list| match &list.source {
        Source::External(address) => address.rsplit('/').next() == Some(name),
        Source::Internal(_) => false,
    });
    let alone = Form { secondary: ids.cloned().collect(), ..bare(place.form) };
    let resources = Resources { files: [(name.to_owned(), text.to_owned())].into() };
    let read = form::compile(alone, &resources);
    for warning in read.iter().flat_map(form::Program::warnings) {
        if let ProblemKind::UnreadableResource { message, .. } = &warning.kind {
            tell(format!("{path}: {message}"), false);
        }
    }
    if media_type(name) != "text/csv" {
        return;
    }
    let (mut rows, mut cells) = (CsvRows::new(text), Vec::new());
    rows.read(&mut cells);
    let headers: Vec<String> = cells.iter().map(|cell| cell.trim().to_owned()).collect();
    let ids: Vec<&str> = place
        .form
        .secondary
        .iter()
        .filter_map(|list| match &list.source {
            Source::External(address) if address.rsplit('/').next() == Some(name) => {
                Some(list.id.as_str())
            }
            _ => None,
        })
        .collect();
    for column in columns_read(&place.form.body, &ids) {
        if !headers.contains(&column) {
            tell(
                format!("{path}, row 1: the form reads a column `{column}`, which is not here"),
                false,
            );
        }
    }
    // Rows are counted as a spreadsheet counts them: a cell with line breaks is one row.
    let mut wide = (2_u32..).map_while(|row| rows.read(&mut cells).then_some((row, cells.len())));
    if let Some((row, found)) = wide.find(|(_, found)| *found > headers.len()) {
        let expected = headers.len();
        tell(format!("{path}, row {row}: the row has {found} cells, the header {expected}"), true);
    }
}

/// A form with its name and nothing else: enough to read lists with.
fn bare(form: &Form) -> Form {
    let mut primary = form.primary.clone();
    primary.children.clear();
    Form { primary, ..Form::default() }
}

/// The columns that choices out of one of these lists are made of.
fn columns_read(body: &[BodyNode], ids: &[&str]) -> BTreeSet<String> {
    let mut columns = BTreeSet::new();
    for set in controls(body).filter_map(|control| control.itemset.as_ref()) {
        let reads = |id: &&&str| set.nodeset.contains(&format!("instance('{id}')/root/item"));
        if ids.iter().any(|id| reads(&id)) {
            columns.extend(
                [&set.value, &set.label].into_iter().flat_map(|one| form::columns_read(one)),
            );
        }
    }
    columns
}

/// All questions of a body.
fn controls(body: &[BodyNode]) -> impl Iterator<Item = &Control> {
    let mut rest: Vec<&BodyNode> = body.iter().collect();
    iter::from_fn(move || {
        loop {
            match rest.pop()? {
                BodyNode::Group(group) => rest.extend(&group.children),
                BodyNode::Repeat(repeat) => rest.extend(&repeat.children),
                BodyNode::Control(control) => return Some(control),
            }
        }
    })
}
