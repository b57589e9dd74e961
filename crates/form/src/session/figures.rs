//! How many are in a list of people: what the form tells of that elsewhere, in few words, for whoever goes through the list.

use super::instance::Instance;
use super::tree::Handle;
use super::{DrawnKind, Session};
use crate::program::{BodyId, BodyKind, DefId, Part, Said, Saying};
use crate::view::{NodeId, QuestionControl};

/// A count of the rows of a list of people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figure {
    /// What is counted; may be empty where the value says it.
    pub label: String,
    /// How many there are, such as `37/40`.
    pub value: String,
}

impl Session {
    /// The notes and questions in which the form tells how many are in a list of people.
    #[must_use]
    pub fn tellers(&self, repeat: NodeId) -> Vec<NodeId> {
        self.roster(repeat).map(|(_, row)| self.tellers_of(row)).unwrap_or_default()
    }

    /// How many are in a list of people: the counts that [`Session::tellers`] tell, else the people of whom holds what is taken for
    /// granted.
    #[must_use]
    pub fn figures(&self, repeat: NodeId) -> Vec<Figure> {
        let Some((body, row)) = self.roster(repeat) else { return Vec::new() };
        let mut figures: Vec<Figure> = Vec::new();
        for teller in self.tellers_of(row) {
            for figure in self.figures_of(teller, row) {
                if figures.iter().all(|told| told.label != figure.label) {
                    figures.push(figure);
                }
            }
        }
        if figures.is_empty() {
            figures.extend(self.taken_for_granted(repeat, body));
        }
        figures
    }

    /// The body of a list of people that stands in no row, and the entry of its rows.
    pub(super) fn roster(&self, repeat: NodeId) -> Option<(BodyId, DefId)> {
        let body = self.repeat_body(repeat)?;
        let is_list = self.program.is_outermost(body) && self.program.is_roster(body);
        self.program.body(body).def.filter(|_| is_list).map(|row| (body, row))
    }

    fn tellers_of(&self, row: DefId) -> Vec<NodeId> {
        let drawn = self.program.tellers(row).filter_map(|teller| {
            let context = self.program.body(teller).context;
            let item = self.instance.nearest(&self.program.schema, context, Instance::ROOT)?;
            let is_it =
                |id: &&NodeId| self.drawn.get(**id).is_some_and(|node| node.body == Some(teller));
            self.drawn.of(item).iter().find(is_it).copied()
        });
        drawn.collect()
    }

    fn figures_of(&self, teller: NodeId, row: DefId) -> Vec<Figure> {
        let Some(node) = self.drawn.get(teller).filter(|_| self.is_relevant(teller)) else {
            return Vec::new();
        };
        let Some(body) = node.body.map(|body| self.program.body(body)) else { return Vec::new() };
        let (BodyKind::Question { question, .. }, Some(label)) = (&body.kind, &body.label) else {
            return Vec::new();
        };
        let here = Handle::item(node.item);
        if question.control == QuestionControl::Note {
            return self.figures_said(label, here, row);
        }
        let mut clause = Clause::default();
        clause.literal(&self.telling().said(label, here).text);
        let value = self.instance.get(node.item).value.as_str();
        let written = self.numbers.map(|write| write(value, ""));
        clause.count(written.as_deref().unwrap_or(value));
        clause.end();
        clause.told
    }

    /// The counts that a text tells.
    fn figures_said(&self, said: &Said, here: Handle, row: DefId) -> Vec<Figure> {
        let reading = self.telling();
        let parts = match self.program.texts.say(said, self.language) {
            Saying::Entry(entry) => entry.text.as_deref().or(entry.short.as_deref()),
            Saying::Inline(parts) => Some(parts),
            Saying::IdOf(_) | Saying::Value(_) => None,
        };
        let mut clause = Clause::default();
        let mut rest = parts.unwrap_or_default();
        while let [part, after @ ..] = rest {
            match part {
                Part::Literal(literal) => clause.take(literal),
                Part::Output(expression) => {
                    let next = match after.first() {
                        Some(Part::Literal(literal)) => literal,
                        _ => "",
                    };
                    let text = reading.output(*expression, here, next).unwrap_or_default();
                    if self.program.counts(*expression, row) {
                        clause.count(&text);
                    } else {
                        clause.has_value = true;
                        clause.literal(&text);
                    }
                }
            }
            rest = after;
        }
        clause.end();
        clause.told
    }

    /// Of how many people who have a name holds what the form takes for granted of each.
    fn taken_for_granted(&self, repeat: NodeId, body: BodyId) -> Option<Figure> {
        let program = &self.program;
        let (name, marked) = (program.row_name(body)?, program.marked(body)?);
        let granted = &*program.schema.def(marked).default;
        let (mut all, mut those, mut asked) = (0_usize, 0_usize, None);
        for row in self.children(repeat) {
            let row = self.drawn.get(row)?.item;
            let answer = |def| {
                let item = self.instance.nearest(&program.schema, def, row)?;
                Some((item, self.instance.get(item).value.as_str()))
            };
            let is_named = answer(name).is_some_and(|(_, name)| !name.is_empty());
            let Some((item, mark)) = answer(marked).filter(|_| is_named) else { continue };
            all += 1;
            those += usize::from(mark == granted);
            asked = asked.or(Some(item));
        }
        let is_question = |id: &&NodeId| {
            self.drawn.get(**id).is_some_and(|node| node.kind == DrawnKind::Question)
        };
        let question = self.drawn.of(asked?).iter().find(is_question)?;
        let choices = self.choices(*question);
        let choice = choices.iter().find(|choice| choice.value == granted)?;
        let mut clause = Clause::default();
        clause.literal(&choice.label.text);
        clause.count(&format!("{those}/{all}"));
        clause.end();
        clause.told.pop()
    }
}

/// A text that is taken apart at its commas and full stops; what stands in brackets is left out, and so are marks.
#[derive(Default)]
struct Clause {
    before: String,
    /// From its first count on.
    from_count: Option<String>,
    brackets: usize,
    /// Whether another value stands in it.
    has_value: bool,
    told: Vec<Figure>,
}

impl Clause {
    /// Text that the form's author wrote.
    fn take(&mut self, text: &str) {
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let is_last = characters.peek().is_none_or(|next| next.is_whitespace());
            match character {
                '\n' => self.end(),
                // What is only said before a count says of whom it is.
                ',' if is_last && self.brackets == 0 && self.is_told() => self.end(),
                '.' | ';' | '·' | '|' if is_last && self.brackets == 0 => self.end(),
                _ => self.push(character),
            }
        }
    }

    /// Text that means what it says.
    fn literal(&mut self, text: &str) {
        text.chars().for_each(|character| self.push(character));
    }

    fn is_told(&self) -> bool {
        self.from_count.is_some() || self.has_value
    }

    fn count(&mut self, count: &str) {
        // What was added to what nobody wrote is no number.
        if !count.contains(|c: char| c.is_ascii_digit()) {
            self.has_value = true;
        } else if self.brackets == 0 {
            self.from_count.get_or_insert_default().push_str(count);
        }
    }

    fn push(&mut self, character: char) {
        match character {
            '(' => self.brackets += 1,
            ')' => self.brackets = self.brackets.saturating_sub(1),
            '*' | '#' => {}
            _ if self.brackets > 0 => {}
            _ => self.from_count.as_mut().unwrap_or(&mut self.before).push(character),
        }
    }

    fn end(&mut self) {
        self.brackets = 0;
        self.has_value = false;
        let plain = |text: &str| {
            let words: Vec<&str> = text.split_whitespace().collect();
            words.join(" ").trim_matches([' ', ':', '/', '-', '–']).to_owned()
        };
        let label = plain(&std::mem::take(&mut self.before));
        let Some(value) = self.from_count.take().map(|text| plain(&text)) else { return };
        // A number alone tells nothing.
        let tells = !label.is_empty() || value.contains(char::is_alphabetic);
        if tells && !value.is_empty() {
            self.told.push(Figure { label, value });
        }
    }
}
