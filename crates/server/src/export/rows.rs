//! A record's answers as rows: its own, and those of each repeat in their order.

use std::collections::BTreeMap;

use sync::view::RecordView;
use sync::wire::Value;

/// A field path in two parts: the names, and the keys of the rows it goes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub path: String,
    pub keys: Vec<String>,
}

impl Place {
    /// Splits `hoc_vien[KEY]/hv_ten`. A key may hold any sign but `]`.
    pub(super) fn parse(field: &str) -> Self {
        let mut place = Self { path: String::with_capacity(field.len()), keys: Vec::new() };
        let mut rest = field;
        while let Some((name, after)) = rest.split_once('[') {
            let Some((key, after)) = after.split_once(']') else { break };
            place.path.push_str(name);
            place.keys.push(key.to_owned());
            rest = after;
        }
        place.path.push_str(rest);
        place
    }
}

/// One row of a repeat.
#[derive(Debug, Default)]
pub(super) struct Row<'r> {
    /// Its place among all rows of its repeat in the record, from 1.
    pub number: u32,
    /// The number of the row that it stands in, if that is one of a repeat.
    pub parent: Option<u32>,
    /// What it says its place is.
    ordinal: Option<f64>,
    /// Its answers by the path of their column.
    pub values: BTreeMap<String, Answer<'r>>,
}

/// An answer, and the field that it stands in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'r> {
    pub field: &'r str,
    pub value: &'r Value,
}

/// A record's answers, sorted out.
#[derive(Debug, Default)]
pub(super) struct Rows<'r> {
    /// By the repeat's path (empty: the record itself), then by the row's keys.
    rows: BTreeMap<String, BTreeMap<Vec<String>, Row<'r>>>,
}

impl<'r> Rows<'r> {
    /// Sorts a record's answers out, those that people disagree on also where the one to show is none. `repeats` are the paths of the
    /// form's repeats.
    pub(super) fn new(record: &'r RecordView, repeats: &[&str]) -> Self {
        let shown = record.fields.iter().map(|(field, value)| (field.as_str(), value));
        let cleared = record.cleared().map(|field| (field, &Value::Empty));
        Self::sorted(shown.chain(cleared), repeats)
    }

    fn sorted(fields: impl Iterator<Item = (&'r str, &'r Value)>, repeats: &[&str]) -> Self {
        let mut rows = Self::default();
        for (field, value) in fields {
            let Place { path, keys } = Place::parse(field);
            if field.ends_with(']') {
                rows.row(&path, keys).ordinal = match value {
                    Value::Text(text) => text.trim().parse().ok(),
                    Value::Empty | Value::File(_) => None,
                };
                continue;
            }
            let inside = repeats.iter().filter(|repeat| path.starts_with(&format!("{repeat}/")));
            let repeat = inside.max_by_key(|repeat| repeat.len()).copied().unwrap_or_default();
            let repeat = if keys.is_empty() { "" } else { repeat };
            rows.row(repeat, keys).values.insert(path, Answer { field, value });
        }
        rows.number();
        rows
    }

    /// Numbers the rows of each repeat as they stand in the record, the outer ones first: whatever is inside of one follows it.
    fn number(&mut self) {
        let repeats: Vec<String> = self.rows.keys().cloned().collect();
        for repeat in &repeats {
            let outer = repeats.iter().filter(|outer| repeat.starts_with(&format!("{outer}/")));
            let outer = outer.max_by_key(|outer| outer.len());
            let mut rows = self.rows.remove(repeat).unwrap_or_default();
            let outer = outer.and_then(|outer| self.rows.get(outer));
            for (keys, row) in &mut rows {
                let around = keys.split_last().and_then(|(_, around)| outer?.get(around));
                row.parent = around.map(|around| around.number);
            }
            let mut ordered: Vec<&mut Row<'_>> = rows.values_mut().collect();
            let ordinal = |row: &Row<'_>| row.ordinal.unwrap_or(f64::INFINITY);
            ordered.sort_by(|row, other| {
                row.parent.cmp(&other.parent).then(ordinal(row).total_cmp(&ordinal(other)))
            });
            for (number, row) in (1..).zip(ordered) {
                row.number = number;
            }
            self.rows.insert(repeat.clone(), rows);
        }
    }

    fn row(&mut self, repeat: &str, keys: Vec<String>) -> &mut Row<'r> {
        self.rows.entry(repeat.to_owned()).or_default().entry(keys).or_default()
    }

    /// The record's own answers.
    pub(super) fn own(&self) -> Option<&Row<'r>> {
        self.rows.get("")?.values().next()
    }

    /// The rows of a repeat in their order.
    pub(super) fn of(&self, repeat: &str) -> Vec<&Row<'r>> {
        let rows = self.rows.get(repeat).into_iter();
        let mut rows: Vec<&Row<'r>> = rows.flat_map(BTreeMap::values).collect();
        rows.sort_by_key(|row| row.number);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_gives_its_names_and_its_keys() {
        for (field, path, keys) in [
            ("chung/ngay", "chung/ngay", vec![]),
            ("hoc_vien[a]/hv_ten", "hoc_vien/hv_ten", vec!["a"]),
            ("chung/hoc_vien[a/b]", "chung/hoc_vien", vec!["a/b"]),
            ("lop[1]/buoi[x]/diem", "lop/buoi/diem", vec!["1", "x"]),
            ("odd[", "odd[", vec![]),
        ] {
            let keys = keys.into_iter().map(str::to_owned).collect();
            assert_eq!(Place::parse(field), Place { path: path.to_owned(), keys });
        }
    }

    #[test]
    fn rows_stand_by_their_ordinal_and_nested_rows_know_their_parent() {
        let text = |text: &str| Value::Text(text.to_owned());
        let fields: BTreeMap<String, Value> = [
            ("lop[b]", "1"),
            ("lop[a]", "2"),
            ("lop[a]/ten", "A"),
            ("lop[b]/ten", "B"),
            ("lop[a]/buoi[y]", "10"),
            ("lop[a]/buoi[x]", "9"),
            ("lop[a]/buoi[x]/gio", "x"),
            ("lop[a]/buoi[y]/gio", "y"),
            ("lop[b]/buoi[z]", "1"),
            ("lop[b]/buoi[z]/gio", "z"),
            ("lop[a]/buoi[y]/hv[q]/ai", "của y"),
            ("lop[a]/buoi[x]/hv[p]/ai", "của x"),
            ("lop[b]/buoi[z]/hv[r]/ai", "của z"),
            ("ngay", "2024-11-23"),
        ]
        .into_iter()
        .map(|(path, value)| (path.to_owned(), text(value)))
        .collect();
        let fields = fields.iter().map(|(path, value)| (path.as_str(), value));
        let rows = Rows::sorted(fields, &["lop", "lop/buoi", "lop/buoi/hv"]);
        let names = |repeat: &str, column: &str| -> Vec<(u32, Option<u32>, Value)> {
            let rows = rows.of(repeat).into_iter();
            rows.map(|row| (row.number, row.parent, row.values[column].value.clone())).collect()
        };
        assert_eq!(names("lop", "lop/ten"), [(1, None, text("B")), (2, None, text("A"))]);
        let inner = [(1, Some(1), text("z")), (2, Some(2), text("x")), (3, Some(2), text("y"))];
        assert_eq!(names("lop/buoi", "lop/buoi/gio"), inner);
        // No two rows of a record have one number, so each finds its own around it.
        let innermost =
            [(1, Some(1), text("của z")), (2, Some(2), text("của x")), (3, Some(3), text("của y"))];
        assert_eq!(names("lop/buoi/hv", "lop/buoi/hv/ai"), innermost);
        assert_eq!(rows.own().unwrap().values["ngay"].value, &text("2024-11-23"));
    }
}
