//! A record's answers as rows: its own, and those of each repeat in their order.

use std::collections::BTreeMap;

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
    /// What it says its place is.
    ordinal: Option<f64>,
    /// Its answers by the path of their column.
    pub values: BTreeMap<String, &'r Value>,
}

/// A record's answers, sorted out.
#[derive(Debug, Default)]
pub(super) struct Rows<'r> {
    /// By the repeat's path (empty: the record itself), then by the row's keys.
    rows: BTreeMap<String, BTreeMap<Vec<String>, Row<'r>>>,
}

impl<'r> Rows<'r> {
    /// Sorts a record's answers out. `repeats` are the paths of the form's repeats.
    pub(super) fn new(fields: &'r BTreeMap<String, Value>, repeats: &[&str]) -> Self {
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
            rows.row(repeat, keys).values.insert(path, value);
        }
        rows
    }

    fn row(&mut self, repeat: &str, keys: Vec<String>) -> &mut Row<'r> {
        self.rows.entry(repeat.to_owned()).or_default().entry(keys).or_default()
    }

    /// The record's own answers.
    pub(super) fn own(&self) -> Option<&Row<'r>> {
        self.rows.get("")?.values().next()
    }

    /// The rows of a repeat in their order: the row's number among its siblings, its parent row's number, the row.
    pub(super) fn of(&self, repeat: &str) -> Vec<(u32, Option<u32>, &Row<'r>)> {
        let mut numbers: BTreeMap<&[String], u32> = BTreeMap::new();
        let mut numbered = Vec::new();
        for (keys, row) in self.ordered(repeat) {
            let parent = keys.get(..keys.len().saturating_sub(1)).unwrap_or_default();
            let number = numbers.entry(parent).or_default();
            *number += 1;
            numbered.push((*number, self.number_of(repeat, parent), row));
        }
        numbered
    }

    fn ordered(&self, repeat: &str) -> Vec<(&[String], &Row<'r>)> {
        let mut rows: Vec<_> = self
            .rows
            .get(repeat)
            .into_iter()
            .flatten()
            .map(|(keys, row)| (keys.as_slice(), row))
            .collect();
        rows.sort_by(|(keys, row), (other_keys, other)| {
            let order = |row: &Row<'_>| row.ordinal.unwrap_or(f64::INFINITY);
            let parents =
                |keys: &[String]| keys.get(..keys.len().saturating_sub(1)).map(<[String]>::to_vec);
            (parents(keys).cmp(&parents(other_keys)))
                .then(order(row).total_cmp(&order(other)))
                .then_with(|| keys.cmp(other_keys))
        });
        rows
    }

    /// The number of the row with those keys, in the repeat around this one.
    fn number_of(&self, repeat: &str, keys: &[String]) -> Option<u32> {
        if keys.is_empty() {
            return None;
        }
        let around = self.rows.keys().filter(|path| repeat.starts_with(&format!("{path}/")));
        let around = around.max_by_key(|path| path.len())?;
        let (parent, _) = keys.split_at(keys.len() - 1);
        let siblings =
            self.ordered(around).into_iter().filter(|(other, _)| other.starts_with(parent));
        let at = siblings.map(|(other, _)| other).position(|other| other == keys)?;
        u32::try_from(at + 1).ok()
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
            ("ngay", "2024-11-23"),
        ]
        .into_iter()
        .map(|(path, value)| (path.to_owned(), text(value)))
        .collect();
        let rows = Rows::new(&fields, &["lop", "lop/buoi"]);
        let names = |repeat: &str, column: &str| -> Vec<(u32, Option<u32>, Value)> {
            rows.of(repeat)
                .into_iter()
                .map(|(n, parent, row)| (n, parent, row.values[column].clone()))
                .collect()
        };
        assert_eq!(names("lop", "lop/ten"), [(1, None, text("B")), (2, None, text("A"))]);
        assert_eq!(
            names("lop/buoi", "lop/buoi/gio"),
            [(1, Some(2), text("x")), (2, Some(2), text("y"))]
        );
        assert_eq!(rows.own().unwrap().values["ngay"], &text("2024-11-23"));
    }
}
