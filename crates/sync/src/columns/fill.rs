//! What a server puts on a page: the answers of stored records, into columns as they are read.

use std::{collections::BTreeMap, mem};

use crate::{
    gather,
    merge::Standing,
    wire::{Column, Columns, Dot, PullResponse, Sibling},
};

/// Columns that are being filled, record after record.
#[derive(Default)]
pub struct Filling {
    dots: Vec<Option<Dot>>,
    fields: BTreeMap<String, Begun>,
}

/// A column that is being filled.
#[derive(Default)]
struct Begun {
    column: Column,
    /// The record after its last answer.
    next: usize,
}

impl Filling {
    /// Puts the next record's answers in, by their paths. What no column says is given back.
    pub fn put<'a>(
        &mut self,
        fields: Vec<(&'a str, Standing<'a>)>,
    ) -> BTreeMap<String, Vec<Sibling>> {
        let (at, main) = (self.dots.len(), main_operation(&fields));
        self.dots.push(main);
        let rest = fields.into_iter().filter_map(|(path, standing)| match standing {
            Standing::Text(dot, text) if Some(dot) == main => {
                match self.fields.get_mut(path) {
                    Some(begun) => begun.put(at, text),
                    None => self.fields.entry(path.to_owned()).or_default().put(at, text),
                }
                None
            }
            other => Some((path.to_owned(), other.into_siblings())),
        });
        gather(rest)
    }

    /// The columns of all records.
    #[must_use]
    pub fn columns(self) -> Columns {
        let fields = self.fields.into_iter().map(|(path, begun)| (path, begun.column));
        Columns { dots: self.dots, fields: gather(fields) }
    }
}

impl PullResponse {
    /// The same page with its answers in columns.
    #[must_use]
    pub fn in_columns(mut self) -> Self {
        let mut filling = Filling::default();
        for record in &mut self.records {
            let fields = mem::take(&mut record.fields);
            let fields =
                fields.iter().map(|(path, siblings)| (path.as_str(), siblings.as_slice().into()));
            record.fields = filling.put(fields.collect());
        }
        self.columns = Some(filling.columns());
        self
    }
}

/// The operation that wrote most of a record's single texts; of several the newest name, so that a page is always the same.
fn main_operation(fields: &[(&str, Standing<'_>)]) -> Option<Dot> {
    let mut counts: Vec<(usize, Dot)> = Vec::new();
    for (_, standing) in fields {
        let Standing::Text(dot, _) = standing else { continue };
        match counts.iter_mut().find(|(_, counted)| counted == dot) {
            Some((count, _)) => *count += 1,
            None => counts.push((1, *dot)),
        }
    }
    counts.into_iter().max().map(|(_, dot)| dot)
}

impl Begun {
    fn put(&mut self, at: usize, text: &str) {
        let Column { gaps, texts, .. } = &mut self.column;
        if at > self.next && gaps.is_none() {
            *gaps = Some(vec![0; texts.len()]);
        }
        if let Some(gaps) = gaps {
            gaps.push(u32::try_from(at - self.next).expect("a page has fewer records"));
        }
        texts.push(text);
        self.next = at + 1;
    }
}
