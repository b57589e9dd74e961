//! A question about many records, and its answer: rows of figures.
//!
//! Two rules come from the consolidated report: a blank is not a zero, and a rate is made of summed parts and
//! wholes, never of averaged rates.

use std::collections::BTreeMap;

/// One record as a question sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The form's id.
    pub form: String,
    /// The org unit.
    pub unit: String,
    /// The state's name, for example `submitted`.
    pub state: String,
    /// Answers by field path; rows of a repeat as `name[key]/field`.
    pub fields: BTreeMap<String, String>,
}

/// What to count, over which records, side by side for which groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Only records that pass every test.
    pub tests: Vec<Test>,
    /// One row of the table for each combination that occurs.
    pub by: Vec<Group>,
    /// The columns.
    pub measures: Vec<Measure>,
}

/// A condition on a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// The form is this one.
    Form(String),
    /// The unit is among these.
    Unit(Vec<String>),
    /// The state is among these.
    State(Vec<String>),
    /// The answer, or one of a multiple answer's choices, is this value.
    Answer(String, String),
}

/// What makes a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    /// The form's id.
    Form,
    /// The org unit.
    Unit,
    /// The state.
    State,
    /// The answer to a question; a multiple answer counts in each of its choices.
    Answer(String),
}

/// What stands in a column. A path may go through repeats without keys: `hoc_vien[]/hv_co`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measure {
    /// How many records.
    Count,
    /// The sum of an answer; no figure where nobody answered.
    Sum(String),
    /// The sum of an answer by the number of answers.
    Mean(String),
    /// The sum of one answer by the sum of another, as a percentage.
    Percentage {
        /// What is above the line.
        part: String,
        /// What is below it.
        whole: String,
    },
}

/// The answer to a [`Query`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Rows in the order of their groups' values.
    pub rows: Vec<Row>,
}

/// One combination of groups with its figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The value of each group, as asked for.
    pub groups: Vec<String>,
    /// One for each measure.
    pub figures: Vec<Figure>,
}

/// A number and how many records it was made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// The number; `None` where no record has an answer to make it of.
    pub value: Option<f64>,
    /// Records that gave something to it.
    pub records: u64,
}

impl Query {
    /// Answers the question over `records`.
    pub fn run<'a>(&self, records: impl IntoIterator<Item = &'a Record>) -> Table {
        let mut groups: BTreeMap<Vec<String>, Vec<Sums>> = BTreeMap::new();
        for record in records {
            if !self.tests.iter().all(|test| test.holds(record)) {
                continue;
            }
            for key in combinations(&self.by, record) {
                let sums =
                    groups.entry(key).or_insert_with(|| vec![Sums::default(); self.measures.len()]);
                for (measure, sum) in self.measures.iter().zip(sums) {
                    sum.take(measure, record);
                }
            }
        }
        let row = |(groups, sums): (Vec<String>, Vec<Sums>)| Row {
            groups,
            figures: self
                .measures
                .iter()
                .zip(sums)
                .map(|(measure, sum)| sum.figure(measure))
                .collect(),
        };
        Table { rows: groups.into_iter().map(row).collect() }
    }
}

impl Test {
    fn holds(&self, record: &Record) -> bool {
        match self {
            Test::Form(form) => record.form == *form,
            Test::Unit(units) => units.contains(&record.unit),
            Test::State(states) => states.contains(&record.state),
            Test::Answer(path, value) => answers(record, path)
                .any(|answer| answer == value || answer.split(' ').any(|choice| choice == value)),
        }
    }
}

/// Every combination of group values that a record belongs to: none if a question it is grouped by has no answer.
fn combinations(by: &[Group], record: &Record) -> Vec<Vec<String>> {
    let mut keys = vec![Vec::new()];
    for group in by {
        let values: Vec<String> = match group {
            Group::Form => vec![record.form.clone()],
            Group::Unit => vec![record.unit.clone()],
            Group::State => vec![record.state.clone()],
            Group::Answer(path) => {
                let choices = answers(record, path).flat_map(|answer| answer.split(' '));
                let mut choices: Vec<String> = choices.map(str::to_owned).collect();
                choices.sort();
                choices.dedup();
                choices
            }
        };
        let extend = |key: &Vec<String>| {
            let key = key.clone();
            values.iter().map(move |value| key.iter().cloned().chain([value.clone()]).collect())
        };
        keys = keys.iter().flat_map(extend).collect();
    }
    keys
}

#[derive(Clone, Copy, Default)]
struct Sums {
    records: u64,
    answers: u64,
    part: f64,
    whole: f64,
}

impl Sums {
    fn take(&mut self, measure: &Measure, record: &Record) {
        match measure {
            Measure::Count => self.records += 1,
            Measure::Sum(path) | Measure::Mean(path) => {
                let (sum, answers) = sum(record, path);
                self.part += sum;
                self.answers += answers;
                self.records += u64::from(answers > 0);
            }
            Measure::Percentage { part, whole } => {
                let (whole, wholes) = sum(record, whole);
                let (part, parts) = sum(record, part);
                // A record that lacks either would pull the rate towards something nobody reported.
                if wholes > 0 && parts > 0 {
                    self.part += part;
                    self.whole += whole;
                    self.answers += parts;
                    self.records += 1;
                }
            }
        }
    }

    fn figure(self, measure: &Measure) -> Figure {
        let value = match measure {
            Measure::Count => Some(count(self.records)),
            Measure::Sum(_) => (self.answers > 0).then_some(self.part),
            Measure::Mean(_) => (self.answers > 0).then(|| self.part / count(self.answers)),
            Measure::Percentage { .. } => {
                (self.whole != 0.0).then(|| 100.0 * self.part / self.whole)
            }
        };
        Figure { value, records: self.records }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of records stays far below 2^53")]
fn count(n: u64) -> f64 {
    n as f64
}

fn sum(record: &Record, path: &str) -> (f64, u64) {
    let numbers = answers(record, path).filter_map(|answer| answer.trim().parse::<f64>().ok());
    numbers
        .filter(|number| number.is_finite())
        .fold((0.0, 0), |(sum, n), number| (sum + number, n + 1))
}

/// The non-blank answers at `path`, through every row of the repeats that it names with `[]`.
fn answers<'a>(record: &'a Record, path: &'a str) -> Box<dyn Iterator<Item = &'a str> + 'a> {
    if !path.contains("[]") {
        let answer = record.fields.get(path).map(String::as_str);
        return Box::new(answer.into_iter().filter(|answer| !answer.is_empty()));
    }
    let fields = record.fields.iter().filter(move |(field, _)| without_keys(field) == path);
    Box::new(fields.map(|(_, answer)| answer.as_str()).filter(|answer| !answer.is_empty()))
}

/// `hoc_vien[0192…]/hv_co` as `hoc_vien[]/hv_co`.
fn without_keys(field: &str) -> String {
    let mut path = String::with_capacity(field.len());
    let mut inside = false;
    for c in field.chars() {
        inside &= c != ']';
        if !inside {
            path.push(c);
        }
        inside |= c == '[';
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(unit: &str, fields: &[(&str, &str)]) -> Record {
        let fields = fields.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned()));
        Record {
            form: "lop".into(),
            unit: unit.into(),
            state: "submitted".into(),
            fields: fields.collect(),
        }
    }

    fn run(
        by: &[Group],
        measures: &[Measure],
        records: &[Record],
    ) -> Vec<(Vec<String>, Vec<Option<f64>>)> {
        let query = Query { tests: Vec::new(), by: by.to_vec(), measures: measures.to_vec() };
        let row = |row: Row| (row.groups, row.figures.iter().map(|figure| figure.value).collect());
        query.run(records).rows.into_iter().map(row).collect()
    }

    #[test]
    fn a_rate_is_made_of_summed_parts_and_wholes() {
        let records = [
            record("a", &[("nu", "1"), ("tong", "2")]),
            record("a", &[("nu", "10"), ("tong", "100")]),
        ];
        let measure = Measure::Percentage { part: "nu".into(), whole: "tong".into() };
        let rate = run(&[Group::Unit], &[measure], &records);
        assert_eq!(rate, [(vec!["a".to_owned()], vec![Some(100.0 * 11.0 / 102.0)])]);
    }

    #[test]
    fn a_blank_is_not_a_zero() {
        let records = [record("a", &[("n", "")]), record("a", &[("n", "4")]), record("b", &[])];
        let measures = [Measure::Count, Measure::Sum("n".into()), Measure::Mean("n".into())];
        let table = run(&[Group::Unit], &measures, &records);
        assert_eq!(table[0].1, [Some(2.0), Some(4.0), Some(4.0)]);
        assert_eq!(table[1].1, [Some(1.0), None, None]);
    }

    #[test]
    fn rows_of_a_repeat_add_up() {
        let records = [record(
            "a",
            &[("hv[k1]/co", "1"), ("hv[k2]/co", "0"), ("hv[k3]/co", "1"), ("hv[k1]", "1")],
        )];
        assert_eq!(
            run(&[], &[Measure::Sum("hv[]/co".into())], &records),
            [(vec![], vec![Some(2.0)])]
        );
    }

    #[test]
    fn a_multiple_answer_counts_in_each_of_its_choices() {
        let records = [
            record("a", &[("kenh", "loa bao")]),
            record("a", &[("kenh", "loa")]),
            record("a", &[]),
        ];
        let table = run(&[Group::Answer("kenh".into())], &[Measure::Count], &records);
        assert_eq!(
            table,
            [(vec!["bao".into()], vec![Some(1.0)]), (vec!["loa".into()], vec![Some(2.0)])]
        );
    }

    #[test]
    fn only_records_that_pass_every_test_count() {
        let records =
            [record("a", &[("x", "1 2")]), record("b", &[("x", "2")]), record("c", &[("x", "2")])];
        let tests = vec![
            Test::Form("lop".into()),
            Test::Unit(vec!["a".into(), "b".into()]),
            Test::Answer("x".into(), "1".into()),
        ];
        let query = Query { tests, by: vec![Group::Unit], measures: vec![Measure::Count] };
        let table = query.run(&records);
        assert_eq!(table.rows.len(), 1);
        assert_eq!(table.rows[0].groups, ["a"]);
        assert_eq!(table.rows[0].figures, [Figure { value: Some(1.0), records: 1 }]);
    }
}
