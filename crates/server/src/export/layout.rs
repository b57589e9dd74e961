//! Which sheets and columns a form makes: one sheet for the records, one for each repeat.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use form::Resources;
use form::definition::{Bind, BodyNode, Control, ControlKind, Element, Form, Label, Source};

use super::Version;
use super::text::{Language, Texts};

/// What a question's answers are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// Worked out by the form, which does not say of what type: a number where it reads as one.
    Calculated,
    Date,
    Time,
    DateTime,
    Geopoint,
    /// One or several choices; labels by value.
    Choices {
        labels: BTreeMap<String, String>,
        several: bool,
    },
    File,
}

/// A question. Its path has no row keys.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub path: String,
    pub heading: String,
    pub kind: Kind,
    /// What else its answers were in older versions, the newest first.
    pub older: Vec<Kind>,
    /// Whether the form has words for it. What it works out by itself, and when it was filled in, it calls by a name of its
    /// author's.
    is_worded: bool,
}

/// A sheet: of the records (its path is empty), or of one repeat.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    pub path: String,
    pub title: String,
    pub columns: Vec<Column>,
}

impl Sheet {
    /// Whether its rows stand inside rows of another repeat.
    pub(super) fn is_nested(&self, sheets: &[Sheet]) -> bool {
        sheets.iter().any(|outer| !outer.path.is_empty() && is_below(&self.path, &outer.path))
    }
}

fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
}

/// The sheets of a form, and what older versions of it add at the end of each.
pub(super) fn sheets(versions: &[Version], language: Language) -> Vec<Sheet> {
    let mut versions = versions.iter().map(|version| of_version(version, language));
    let mut sheets = versions.next().unwrap_or_default();
    for older in versions {
        for sheet in older {
            match sheets.iter_mut().find(|known| known.path == sheet.path) {
                Some(known) => add_columns(known, sheet.columns),
                None => sheets.push(sheet),
            }
        }
    }
    // In the row of their answers, where one filters and counts by them, and behind all that people read.
    for sheet in &mut sheets {
        sheet.columns.sort_by_key(|column| !column.is_worded);
    }
    sheets
}

fn add_columns(sheet: &mut Sheet, older: Vec<Column>) {
    for column in older {
        let Some(known) = sheet.columns.iter_mut().find(|known| known.path == column.path) else {
            sheet.columns.push(column);
            continue;
        };
        known.learn(column.kind);
    }
}

impl Column {
    /// Takes in what the question was in an older version. Choices that the newest version no longer has keep their words.
    fn learn(&mut self, older: Kind) {
        for kind in iter::once(&mut self.kind).chain(&mut self.older) {
            match (kind, &older) {
                (
                    Kind::Choices { labels, several },
                    Kind::Choices { labels: more, several: also },
                ) if several == also => {
                    for (value, label) in more {
                        labels.entry(value.clone()).or_insert_with(|| label.clone());
                    }
                    return;
                }
                (kind, older) if kind == older => return,
                _ => {}
            }
        }
        self.older.push(older);
    }

    /// What its answers are or were, the newest first.
    pub(super) fn kinds(&self) -> impl Iterator<Item = &Kind> {
        iter::once(&self.kind).chain(&self.older)
    }
}

fn of_version(version: &Version, language: Language) -> Vec<Sheet> {
    let Version { form, lists } = version;
    let texts = Texts::new(form, language);
    let mut body = Body::default();
    body.walk(&form.body, None);
    let mut reader = Reader { form, lists, texts, body, sheets: Vec::new() };
    let title = if form.title.is_empty() { form.id() } else { &form.title };
    reader.sheets.push(Sheet { path: String::new(), title: title.to_owned(), columns: Vec::new() });
    reader.children(&form.primary, "", 0);
    reader.sheets
}

/// What the body says about nodes, by path from below the root.
#[derive(Default)]
struct Body<'f> {
    controls: BTreeMap<String, &'f Control>,
    repeats: BTreeMap<String, Option<&'f Label>>,
}

impl<'f> Body<'f> {
    fn walk(&mut self, nodes: &'f [BodyNode], around: Option<&'f Label>) {
        for node in nodes {
            match node {
                BodyNode::Control(control) => {
                    self.controls.entry(below_root(&control.reference)).or_insert(control);
                }
                BodyNode::Group(group) => self.walk(&group.children, group.label.as_ref()),
                BodyNode::Repeat(repeat) => {
                    self.repeats
                        .insert(below_root(&repeat.nodeset), around.or(repeat.label.as_ref()));
                    self.walk(&repeat.children, None);
                }
            }
        }
    }
}

/// `/data/chung/ngay` as `chung/ngay`.
fn below_root(path: &str) -> String {
    let path = path.trim().trim_start_matches('/');
    path.split_once('/').map(|(_, rest)| rest).unwrap_or_default().to_owned()
}

struct Reader<'f> {
    form: &'f Form,
    lists: &'f Resources,
    texts: Texts<'f>,
    body: Body<'f>,
    sheets: Vec<Sheet>,
}

impl Reader<'_> {
    fn children(&mut self, element: &Element, above: &str, sheet: usize) {
        let mut seen = BTreeSet::new();
        for child in &element.children {
            // A repeat may stand twice: its template and its first row.
            let is_meta = child.name.rsplit(':').next() == Some("meta");
            if !seen.insert(&child.name) || is_meta {
                continue;
            }
            let path = if above.is_empty() {
                child.name.clone()
            } else {
                format!("{above}/{}", child.name)
            };
            if let Some(label) = self.body.repeats.get(&path) {
                let title = label
                    .and_then(|label| self.texts.label(label))
                    .unwrap_or_else(|| child.name.clone());
                self.sheets.push(Sheet { path: path.clone(), title, columns: Vec::new() });
                self.children(child, &path, self.sheets.len() - 1);
            } else if child.children.is_empty() {
                self.question(child, path, sheet);
            } else {
                self.children(child, &path, sheet);
            }
        }
    }

    fn question(&mut self, element: &Element, path: String, sheet: usize) {
        let control = self.body.controls.get(&path).copied();
        let bind = self.form.binds.iter().find(|bind| below_root(&bind.nodeset) == path);
        if control.is_some_and(|control| is_heading(control) || is_note(control, bind, element)) {
            return;
        }
        let label = control.and_then(|control| control.label.as_ref());
        let words = label.and_then(|label| self.texts.label(label));
        let is_worded = words.is_some();
        let heading = words.unwrap_or_else(|| element.name.clone());
        let kind = self.kind(control, bind);
        if let Some(sheet) = self.sheets.get_mut(sheet) {
            sheet.columns.push(Column { path, heading, kind, older: Vec::new(), is_worded });
        }
    }

    fn kind(&self, control: Option<&Control>, bind: Option<&Bind>) -> Kind {
        let data_type = bind.and_then(|bind| bind.data_type.as_deref()).unwrap_or("string");
        match (
            control.map(|control| control.kind),
            data_type.rsplit(':').next().unwrap_or_default(),
        ) {
            (Some(ControlKind::Select1), _) => {
                Kind::Choices { labels: self.choices(control), several: false }
            }
            (Some(ControlKind::Input), _)
                if control.is_some_and(|control| control.external_choices().is_some()) =>
            {
                Kind::Choices { labels: self.choices(control), several: false }
            }
            (Some(ControlKind::Select | ControlKind::Rank), _) => {
                Kind::Choices { labels: self.choices(control), several: true }
            }
            (Some(ControlKind::Trigger), _) => {
                let labels = [("OK".to_owned(), self.texts.words.confirmed.to_owned())].into();
                Kind::Choices { labels, several: false }
            }
            (Some(ControlKind::Upload), _) | (_, "binary") => Kind::File,
            (_, "int" | "integer" | "decimal") | (Some(ControlKind::Range), _) => Kind::Number,
            (_, "date") => Kind::Date,
            (_, "time") => Kind::Time,
            (_, "dateTime") => Kind::DateTime,
            (_, "geopoint") => Kind::Geopoint,
            (None, "string") if bind.is_some_and(|bind| bind.calculate.is_some()) => {
                Kind::Calculated
            }
            _ => Kind::Text,
        }
    }

    /// The labels of all choices that a control can offer, whatever its filter says.
    fn choices(&self, control: Option<&Control>) -> BTreeMap<String, String> {
        let Some(control) = control else { return BTreeMap::new() };
        let items = control.items.iter();
        let mut labels: BTreeMap<String, String> = items
            .filter_map(|item| Some((item.value.clone(), self.texts.label(&item.label)?)))
            .collect();
        let external = control.external_choices();
        let Some(itemset) = control.itemset.as_ref().or(external.as_ref()) else { return labels };
        let label = itemset.label.trim();
        let id = label.strip_prefix("jr:itext(").and_then(|id| id.strip_suffix(')'));
        let said = |text: String| if id.is_some() { self.texts.itext(&text) } else { Some(text) };
        let root = match self.instance(&itemset.nodeset) {
            Some(Source::Internal(root)) => root,
            Some(Source::External(address)) => {
                // Of several columns the first one tells the choices apart.
                let column = form::columns_read(label).into_iter().next().unwrap_or_default();
                let told = self.lists.pairs(address, itemset.value.trim(), &column);
                labels.extend(
                    told.into_iter().filter_map(|(value, text)| Some((value, said(text)?))),
                );
                return labels;
            }
            None => return labels,
        };
        for item in &root.children {
            let text = |name: &str| {
                item.children
                    .iter()
                    .find(|child| child.name == name.trim())
                    .map(|child| &child.text)
            };
            let label = text(id.unwrap_or(label)).cloned().and_then(said);
            if let (Some(value), Some(label)) = (text(&itemset.value), label) {
                labels.insert(value.clone(), label);
            }
        }
        labels
    }

    /// The instance that `instance('id')/root/item[…]` reads.
    fn instance(&self, nodeset: &str) -> Option<&Source> {
        let (_, rest) = nodeset.split_once("instance(")?;
        let (id, _) = rest.split_once(')')?;
        let id = id.trim().trim_matches(['\'', '"']);
        let found = self.form.secondary.iter().rfind(|instance| instance.id == id)?;
        Some(&found.source)
    }
}

/// The choices' labels, once, above the questions of a table: nobody can answer them there.
fn is_heading(control: &Control) -> bool {
    let appearance = control.appearance.as_deref().unwrap_or_default();
    appearance.split_whitespace().any(|word| word == "label")
}

/// A text to read: nobody can answer it.
fn is_note(control: &Control, bind: Option<&Bind>, element: &Element) -> bool {
    let Some(bind) = bind else { return false };
    control.kind == ControlKind::Input
        && bind.readonly.as_deref().is_some_and(|readonly| readonly.trim() == "true()")
        && bind.calculate.is_none()
        && bind.data_type.as_deref().is_none_or(|kind| kind.ends_with("string"))
        && element.text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(inside: &str, binds: &str, body: &str, lists: Resources) -> Vec<Column> {
        let xml = format!(
            r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:orx="http://openrosa.org/xforms">
            <h:head><h:title>T</h:title><model><instance><data id="t" version="1">{inside}</data></instance>{binds}</model></h:head>
            <h:body>{body}</h:body></h:html>"#
        );
        let (form, _) = form::parse_xform(&xml).expect("XML");
        let mut sheets = sheets(&[Version { form, lists }], Language::Vietnamese);
        sheets.swap_remove(0).columns
    }

    #[test]
    fn what_is_confirmed_is_told_in_words() {
        let bind = r#"<bind nodeset="/data/bao" type="string"/>"#;
        let body = r#"<trigger ref="/data/bao"><label>Đã thông báo</label></trigger>"#;
        let columns = columns("<bao/>", bind, body, Resources::default());
        let kind = &columns[0].kind;
        let Kind::Choices { labels, several: false } = kind else { panic!("{kind:?}") };
        assert_eq!(labels.get("OK").map(String::as_str), Some("Đã xác nhận"));
    }

    #[test]
    fn what_is_chosen_from_an_external_list_is_told_in_its_words() {
        let binds = r#"<instance id="xa"><root>
            <item><name>bq</name><label>Bảo Quang</label><huyen>lk</huyen></item>
            </root></instance><bind nodeset="/data/xa" type="string"/>"#;
        let body = r#"<input ref="/data/xa" query="instance('xa')/root/item[huyen='lk']"><label>Xã</label></input>"#;
        let columns = columns("<xa/>", binds, body, Resources::default());
        let kind = &columns[0].kind;
        let Kind::Choices { labels, several: false } = kind else { panic!("{kind:?}") };
        assert_eq!(labels.get("bq").map(String::as_str), Some("Bảo Quang"));
    }

    #[test]
    fn only_what_a_form_says_of_itself_is_left_out() {
        let inside =
            "<chi_phi_meta/><meta><instanceID/></meta><orx:meta><orx:instanceID/></orx:meta>";
        let columns = columns(inside, "", "", Resources::default());
        let paths: Vec<&str> = columns.iter().map(|column| column.path.as_str()).collect();
        assert_eq!(paths, ["chi_phi_meta"]);
    }

    #[test]
    fn what_heads_a_table_of_questions_is_none() {
        let item = "<item><label>Tốt</label><value>1</value></item>";
        let row = |name, appearance| {
            format!(
                r#"<select1 ref="/data/{name}" appearance="{appearance}"><label>{name}</label>{item}</select1>"#
            )
        };
        let rows =
            [row("dau", "label"), row("sach", "list-nolabel"), row("nuoc", "w2 list-nolabel")];
        let columns = columns("<dau/><sach/><nuoc/>", "", &rows.concat(), Resources::default());
        let paths: Vec<&str> = columns.iter().map(|column| column.path.as_str()).collect();
        assert_eq!(paths, ["sach", "nuoc"]);
    }

    #[test]
    fn what_is_chosen_out_of_a_file_has_the_words_of_the_file() {
        let model = r#"<instance id="xa" src="jr://file-csv/xa.csv"/><bind nodeset="/data/xa" type="string"/>"#;
        let body = r#"<select1 ref="/data/xa"><label>Xã</label><itemset nodeset="instance('xa')/root/item">
            <value ref="ma"/><label ref="ten"/></itemset></select1>"#;
        let lists = "ma,dan,ten\nbq,7000,Bảo Quang\nbv,9000,\"Bảo Vinh, cũ\"\n";
        let lists = Resources { files: [("xa.csv".to_owned(), lists.to_owned())].into() };
        let columns = columns("<xa/>", model, body, lists);
        let kind = &columns[0].kind;
        let Kind::Choices { labels, several: false } = kind else { panic!("{kind:?}") };
        let words = [("bq", "Bảo Quang"), ("bv", "Bảo Vinh, cũ")];
        assert_eq!(
            *labels,
            words.map(|(value, label)| (value.to_owned(), label.to_owned())).into()
        );
    }

    #[test]
    fn what_was_searched_for_in_a_file_has_the_words_of_the_first_column_that_is_shown() {
        let bind = r#"<bind nodeset="/data/xa" type="string"/>"#;
        let lists = "ma,huyen,ten\nbq,lk,Bảo Quang\n";
        for shown in ["ten", "ten, huyen"] {
            let body = format!(
                r#"<select1 ref="/data/xa" appearance="search('xa')"><label>Xã</label>
                <item><label>{shown}</label><value>ma</value></item></select1>"#
            );
            let lists = Resources { files: [("xa.csv".to_owned(), lists.to_owned())].into() };
            let columns = columns("<xa/>", bind, &body, lists);
            let kind = &columns[0].kind;
            let Kind::Choices { labels, several: false } = kind else { panic!("{kind:?}") };
            assert_eq!(labels.get("bq").map(String::as_str), Some("Bảo Quang"), "{shown}");
        }
    }
}
