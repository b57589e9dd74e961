//! A page of the feed with its answers field by field.
//!
//! Records of one form say the same paths again and again, and most of their answers the same operation. A column says
//! both once, and answers to one question, side by side, are more alike than those of one record: a page has half the
//! bytes to be read, compressed and sent. What is no single text of a record's main operation stays where it was.

use std::{collections::BTreeMap, mem};

use crate::wire::{Column, Columns, Dot, PullResponse, RecordState, Sibling, Value};

impl PullResponse {
    /// The same page with its answers in columns.
    #[must_use]
    pub fn in_columns(mut self) -> Self {
        self.columns = Some(split(&mut self.records));
        self
    }

    /// The same page with its answers in its records; `None` if its columns do not fit them.
    #[must_use]
    pub fn in_records(mut self) -> Option<Self> {
        if let Some(columns) = self.columns.take() {
            join(columns, &mut self.records)?;
        }
        Some(self)
    }
}

fn split(records: &mut [RecordState]) -> Columns {
    let mut dots = Vec::with_capacity(records.len());
    let mut fields: BTreeMap<String, Begun> = BTreeMap::new();
    for (at, record) in records.iter_mut().enumerate() {
        let main = main_operation(record);
        dots.push(main);
        let Some(main) = main else { continue };
        for (path, mut siblings) in mem::take(&mut record.fields) {
            match single_text(&mut siblings, main) {
                Some(text) => fields.entry(path).or_default().put(at, mem::take(text)),
                None => drop(record.fields.insert(path, siblings)),
            }
        }
    }
    Columns { dots, fields: fields.into_iter().map(|(path, begun)| (path, begun.column)).collect() }
}

/// The operation that wrote most of a record's single texts; of several the newest name, so that a page is always the same.
fn main_operation(record: &mut RecordState) -> Option<Dot> {
    let mut counts: Vec<(usize, Dot)> = Vec::new();
    for siblings in record.fields.values_mut() {
        let [Sibling { dot, value: Value::Text(_) }] = siblings.as_slice() else { continue };
        match counts.iter_mut().find(|(_, counted)| counted == dot) {
            Some((count, _)) => *count += 1,
            None => counts.push((1, *dot)),
        }
    }
    counts.into_iter().max().map(|(_, dot)| dot)
}

fn single_text(siblings: &mut [Sibling], main: Dot) -> Option<&mut String> {
    match siblings {
        [Sibling { dot, value: Value::Text(text) }] if *dot == main => Some(text),
        _ => None,
    }
}

/// A column that is being filled.
#[derive(Default)]
struct Begun {
    column: Column,
    /// The record after its last answer.
    next: usize,
}

impl Begun {
    fn put(&mut self, at: usize, text: String) {
        let Column { gaps, texts } = &mut self.column;
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

fn join(columns: Columns, records: &mut [RecordState]) -> Option<()> {
    let Columns { dots, fields } = columns;
    for (path, Column { gaps, texts }) in fields {
        let mut gaps = gaps.map(Vec::into_iter);
        let mut at = 0_usize;
        for text in texts {
            if let Some(gaps) = &mut gaps {
                at = at.checked_add(gaps.next()? as usize)?;
            }
            let dot = (*dots.get(at)?)?;
            let answer = vec![Sibling { dot, value: Value::Text(text) }];
            records.get_mut(at)?.fields.insert(path.clone(), answer);
            at += 1;
        }
    }
    Some(())
}
