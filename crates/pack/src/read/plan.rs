//! Nothing of the plan is left out: the clauses, taken out of its text, leave only white space.

use crate::{Kind, Pack, Problem};

use super::Table;

/// How much of a text a problem shows.
const SHOWN: usize = 80;

/// Finds every clause's text in the plan, each in a place of its own, and names what is found
/// nowhere and what remains. White space counts as one blank, whatever it is: a plan's lines are
/// broken where its pages were.
pub(super) fn check_coverage(pack: &Pack, problems: &mut Vec<Problem>) {
    let Some(table) = pack.manifest.tables.get(&Table::Clauses) else { return };
    let Some(plan) = &pack.manifest.plan else { return };
    let text = Words::of(&pack.plan_text);
    let mut covered = vec![false; text.words.len()];
    // The longest first: a heading's few words also occur inside longer clauses.
    let mut clauses: Vec<(Vec<&str>, u32)> = pack
        .clauses
        .iter()
        .map(|clause| (clause.text.split_whitespace().collect(), clause.row))
        .collect();
    clauses.sort_by_key(|(words, row)| (std::cmp::Reverse(words.len()), *row));
    for (words, row) in clauses.iter().filter(|(words, _)| !words.is_empty()) {
        let free = text.words.windows(words.len()).enumerate().find(|(at, window)| {
            window.iter().zip(words).all(|(here, there)| here.0 == *there)
                && covered.iter().skip(*at).take(words.len()).all(|covered| !covered)
        });
        match free {
            Some((at, _)) => {
                covered.iter_mut().skip(at).take(words.len()).for_each(|covered| *covered = true);
            }
            None => problems.push(Problem {
                file: table.clone(),
                row: Some(*row),
                column: Some(pack.manifest.header(Table::Clauses, "text")),
                kind: Kind::NotInPlan(shorten(words)),
            }),
        }
    }
    for (line, words) in text.left(&covered) {
        let kind = Kind::NotMapped(shorten(&words));
        problems.push(Problem { file: plan.document.clone(), row: Some(line), column: None, kind });
    }
}

/// A text as words, each with its line.
struct Words<'a> {
    words: Vec<(&'a str, u32)>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Words<'a> {
        let lines = text.split('\n').zip(1_u32..);
        Words {
            words: lines
                .flat_map(|(line, n)| line.split_whitespace().map(move |word| (word, n)))
                .collect(),
        }
    }

    /// The runs of words that are not covered, with the line that each begins in.
    fn left(&self, covered: &[bool]) -> Vec<(u32, Vec<&'a str>)> {
        let mut runs: Vec<(u32, Vec<&'a str>)> = Vec::new();
        let mut open = false;
        for ((word, line), covered) in self.words.iter().zip(covered) {
            match runs.last_mut() {
                Some((_, words)) if open && !covered => words.push(word),
                _ if !covered => runs.push((*line, vec![word])),
                _ => {}
            }
            open = !covered;
        }
        runs
    }
}

fn shorten(words: &[&str]) -> String {
    let text = words.join(" ");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(&text)),
        None => text,
    }
}
