//! A record as a screen, a list or a report shows it: what a pull brought, the device's own operations
//! that are not in that yet, and the open patch on top.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use minicbor::{Decode, Encode};

use crate::{
    columns::{Field, Row},
    device::DeviceState,
    draft::{OpenPatch, Screen},
    gather::gather,
    merge::{Record, Stamp},
    review::{self, Reason},
    wire::{
        Action, DeviceId, Dot, FormRef, Operation, Outcome, RecordId, RecordState, Sibling, State,
        Times, Value, Verdict, Write, field,
    },
};

/// A record's state as a pull brought it: what the device stores under the record's id.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Base {
    /// The state.
    #[n(0)]
    pub state: RecordState,
    /// The device's operations up to this `seq` have their effect in it.
    #[n(1)]
    pub included: u64,
    /// The generation of the pull that brought it; see [`crate::device::Effect::CommitPull`].
    #[n(2)]
    pub generation: u64,
}

/// An operation in the device's outbox, or of [`crate::desk`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The operation.
    pub operation: Operation,
    /// What the server did with it, once it has said so.
    pub verdict: Option<Verdict>,
}

impl Held {
    /// Whether the server kept it for the repair desk.
    #[must_use]
    pub fn is_quarantined(&self) -> bool {
        self.verdict.as_ref().is_some_and(|verdict| verdict.outcome == Outcome::Quarantined)
    }

    /// Whether the server is not known to have it. What it told of others it has.
    #[must_use]
    pub fn is_unsent(&self, device: &DeviceState) -> bool {
        self.operation.dot.device == device.device && self.operation.dot.seq > device.acked
    }
}

impl Sibling {
    /// Whether it says that the record is approved.
    fn is_approval(&self) -> bool {
        matches!(&self.value, Value::Text(name) if name == State::Approved.name())
    }
}

/// How much a conflict asks of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Level {
    /// Two people changed different parts, or gave the same answer: a line in the history.
    #[n(0)]
    Note,
    /// Two people changed the same group of questions: worth a look.
    #[n(1)]
    Look,
    /// Two values stand, or one person removed what another changed: a person must choose.
    #[n(2)]
    Decide,
}

impl Level {
    /// Those that ask something of people, the gravest first.
    pub const ASKING: [Self; 2] = [Self::Decide, Self::Look];

    /// What addresses call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Look => "look",
            Self::Decide => "decide",
        }
    }

    /// The one of that name, if it asks something of people.
    #[must_use]
    pub fn asking(name: &str) -> Option<Self> {
        Self::ASKING.into_iter().find(|level| level.name() == name)
    }
}

/// Several people's writes that met without having seen each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The field, the group of questions ([`Level::Look`]; empty for the top one) or the row.
    pub path: String,
    /// What it asks of people.
    pub level: Level,
    /// The values that stand in that field; none for a group.
    pub values: Vec<Sibling>,
}

/// A record as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordView {
    /// The record.
    pub record: RecordId,
    /// The form it was made with.
    pub form: FormRef,
    /// The org unit it belongs to.
    pub unit: String,
    /// The account that created it.
    pub author: String,
    /// Where it stands in its life.
    pub state: State,
    /// Why it was sent back, if that is where it stands.
    pub reasons: Vec<Reason>,
    /// Whether it was put away, and nobody was against it.
    pub deleted: bool,
    /// Its title in lists; empty if the form gives none.
    pub title: String,
    /// The answers by field path, one each; in a conflict the one to show. Without empty ones, without
    /// removed rows, without our own fields.
    pub fields: BTreeMap<String, Value>,
    /// What keys of rows are made with that are added by name, by the question that they are called by: [`field::ROWS`].
    pub salts: BTreeMap<String, String>,
    /// The dots that stand, by field path: [`Self::screen`].
    pub dots: BTreeMap<String, Vec<Dot>>,
    /// What met without having been seen, the gravest first.
    pub conflicts: Vec<Conflict>,
    /// Which account wrote from each device whose values stand.
    pub writers: BTreeMap<DeviceId, String>,
    /// Whether a part of it is not yet known to be on the server's disk.
    pub pending: bool,
    /// Whether the server keeps a part of it without having applied it.
    pub quarantined: bool,
    /// What the server said of the newest such part: why, and whether the repair desk set it aside.
    pub kept: Option<Verdict>,
    /// When the server first received it, if the device knows.
    pub received_ms: Option<i64>,
    /// When it last changed: by the server's clock, or by this device's for own unsent changes.
    pub changed_ms: i64,
}

impl RecordView {
    /// The record of a state that holds everything: on the server.
    #[must_use]
    pub fn of(state: &RecordState) -> Self {
        let row = Row::from(state);
        let Brief { state: stands, deleted, title } = Brief::of(&row);
        Self {
            record: state.record,
            form: state.form.clone(),
            unit: state.unit.clone(),
            author: state.author.clone(),
            state: stands,
            reasons: review::reasons(state, stands),
            deleted,
            title: title.to_owned(),
            fields: gather(answers(&row).map(|(path, shown)| (path.to_owned(), shown.to_value()))),
            salts: gather(row.fields().filter_map(|(path, field)| {
                let question = path.strip_prefix(field::ROWS)?;
                Some((question.to_owned(), shown_of(state, field)?.text()?.to_owned()))
            })),
            dots: gather(state.fields.iter().map(|(path, siblings)| {
                (path.clone(), siblings.iter().map(|sibling| sibling.dot).collect())
            })),
            conflicts: conflicts(&row),
            writers: state.writers.clone(),
            pending: false,
            quarantined: false,
            kept: None,
            received_ms: Some(state.received_ms),
            changed_ms: state.changed_ms,
        }
    }

    /// What a form opened from this view has on screen.
    #[must_use]
    pub fn screen(&self) -> Screen {
        Screen::new(self.dots.clone())
    }

    /// The answers that people disagree on, and of which the one to show is none: they have no place in [`Self::fields`].
    pub fn cleared(&self) -> impl Iterator<Item = &str> {
        let is_removed = |row: &str| self.dots.contains_key(row) && !self.fields.contains_key(row);
        let met = self.conflicts.iter().filter(|met| met.level == Level::Decide);
        let met = met.filter(|met| met.values.len() > 1).map(|met| met.path.as_str());
        met.filter(move |path| {
            let is_answer = !field::is_ours(path) && !path.ends_with(']');
            is_answer && !self.fields.contains_key(*path) && !rows_above(path).any(is_removed)
        })
    }

    /// What of this a person has on screen who was shown an earlier view: what others wrote since, they have not seen. What
    /// their own device wrote since is what they were shown, under the name that it has now.
    #[must_use]
    pub fn screen_of(&self, shown: &Self, own: DeviceId) -> Screen {
        let mut dots = self.dots.clone();
        for (path, dots) in &mut dots {
            let shown = shown.dots.get(path).map_or(&[][..], Vec::as_slice);
            dots.retain(|dot| dot.device == own || shown.contains(dot));
        }
        Screen::new(dots)
    }

    /// Whether an approval stands, even beside another state: only reviewers change the record then.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        let stands = self.conflicts.iter().filter(|conflict| conflict.path == field::STATE);
        self.state == State::Approved
            || stands.flat_map(|conflict| &conflict.values).any(Sibling::is_approval)
    }

    /// The accounts that changed that group of questions without having seen each other's change: [`Level::Look`].
    #[must_use]
    pub fn met_in(&self, group: &str) -> BTreeSet<&str> {
        let touches = self.dots.get(field::DELETED).map_or(&[][..], Vec::as_slice);
        let of_group = |path: &str| !field::is_ours(path) && group_of(path) == group;
        let inside = self.dots.iter().filter(|(path, _)| of_group(path)).flat_map(|(_, dots)| dots);
        let met = inside.filter(|dot| touches.contains(dot));
        met.filter_map(|dot| self.writers.get(&dot.device)).map(String::as_str).collect()
    }
}

/// What a list tells of a record, without taking it apart: a first pull brings thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brief<'a> {
    /// As [`RecordView::state`].
    pub state: State,
    /// As [`RecordView::deleted`].
    pub deleted: bool,
    /// As [`RecordView::title`].
    pub title: &'a str,
}

impl<'a> Brief<'a> {
    /// Of a state that holds everything.
    #[must_use]
    pub fn of(row: &Row<'a>) -> Self {
        let text = |path| shown(row, path).and_then(Shown::text).unwrap_or_default();
        Self {
            state: text(field::STATE).parse().unwrap_or(State::Draft),
            deleted: row.field(field::DELETED).is_some_and(is_agreed_away),
            title: text(field::TITLE),
        }
    }
}

/// Whether all that touched a record without having seen each other put it away. Whoever went on with it is against that, and is
/// asked: until then it is there.
fn is_agreed_away(touches: Field<'_>) -> bool {
    match touches {
        Field::Text(_) => true,
        Field::Siblings(touches) => touches.iter().all(|touch| touch.value != Value::Empty),
    }
}

/// The value to show of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown<'a> {
    /// A text.
    Text(&'a str),
    /// A file, or nothing.
    Other(&'a Value),
}

impl<'a> From<&'a Value> for Shown<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(text),
            Value::Empty | Value::File(_) => Self::Other(value),
        }
    }
}

impl<'a> Shown<'a> {
    /// The text that it is.
    #[must_use]
    pub fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other(_) => None,
        }
    }

    fn is_empty(self) -> bool {
        self == Self::Other(&Value::Empty)
    }

    fn to_value(self) -> Value {
        match self {
            Self::Text(text) => Value::Text(text.to_owned()),
            Self::Other(value) => value.clone(),
        }
    }
}

/// The record as this device shows it, or `None` if the device holds nothing of it.
///
/// `outbox` holds the record's operations in the order of their `seq`, behind what waits of it at the repair desk beside them.
#[must_use]
pub fn view(
    device: &DeviceState,
    base: Option<&Base>,
    outbox: &[Held],
    open: Option<&OpenPatch>,
) -> Option<RecordView> {
    let (mut record, overlay) = overlaid(device, base, outbox);
    // The open patch has no dot yet: what is on screen below it is what its writes replace.
    let below = open.and(record.as_ref()).map(|record| record.state(Stamp::default()));
    if let Some(patch) = open {
        apply(&mut record, &unsealed(patch, device.device));
    }
    let mut state = record?.into_state(Stamp::default());
    state.received_ms = base.map_or(0, |base| base.state.received_ms);
    let own = overlay.last().map(|held| held.operation.at.wall_ms);
    state.changed_ms = own.or(base.map(|base| base.state.changed_ms)).unwrap_or_default();

    let mut view = RecordView::of(&state);
    view.received_ms = base.map(|base| base.state.received_ms);
    if open.is_some() {
        // What the patch alone writes has none, and is known all the same.
        let known = std::mem::take(&mut view.dots).into_keys().map(|path| (path, Vec::new()));
        view.dots = gather(known);
        view.dots.extend(below.map(|state| RecordView::of(&state).dots).unwrap_or_default());
    }
    view.pending = open.is_some() || outbox.iter().any(|held| held.is_unsent(device));
    let kept = overlay.iter().rev().find(|held| held.is_quarantined());
    view.quarantined = kept.is_some();
    view.kept = kept.and_then(|held| held.verdict.clone());
    Some(view)
}

/// The record as this device shows it without its open patch, for another one that goes on from there: with the device's
/// own operations under the names that they have. `None` if there is nothing of it.
#[must_use]
pub fn handed_over(
    device: &DeviceState,
    base: Option<&Base>,
    outbox: &[Held],
) -> Option<RecordState> {
    let (record, overlay) = overlaid(device, base, outbox);
    let own = overlay.last().map(|held| held.operation.at.wall_ms);
    Some(record?.into_state(Stamp {
        received_ms: base.map_or(0, |base| base.state.received_ms),
        changed_ms: own.or(base.map(|base| base.state.changed_ms)).unwrap_or_default(),
        rv: base.map_or(0, |base| base.state.rv),
    }))
}

/// What a pull brought with the device's own operations over it that are not in that yet; and those.
fn overlaid<'a>(
    device: &DeviceState,
    base: Option<&Base>,
    outbox: &'a [Held],
) -> (Option<Record>, Vec<&'a Held>) {
    let included = device.included_in(base);
    let is_standing = |dot: Dot| {
        let mut fields = base.into_iter().flat_map(|base| base.state.fields.values().flatten());
        fields.any(|sibling| sibling.dot == dot)
    };
    let overlay: Vec<&Held> = outbox
        .iter()
        .filter(|held| match held.is_quarantined() {
            // Applied at the repair desk if it stands in the base.
            true => !is_standing(held.operation.dot),
            false => held.operation.dot.seq > included,
        })
        .collect();
    let mut record = base.map(|base| Record::from_state(&base.state));
    let has_kept = overlay.iter().any(|held| held.is_quarantined());
    for held in &overlay {
        let mut operation = Cow::Borrowed(&held.operation);
        if held.is_quarantined() {
            let from = (held.operation.dot.device != device.device).then_some(outbox);
            let fields = &mut operation.to_mut().fields;
            fields.retain(|path, write| !is_overtaken(base, from, &held.operation, path, write));
        }
        if let Some(record) = record.as_ref().filter(|_| has_kept) {
            for (path, write) in &mut operation.to_mut().fields {
                put_in_order(record, held.operation.dot, path, write);
            }
        }
        apply(&mut record, &operation);
    }
    (record, overlay)
}

/// Whether the device wrote to that field later: it saw what it wrote before, but a pull does not tell what a value replaced. Or the
/// author from elsewhere, if it came from another device, with what is held: whoever goes on under another id was shown what waits there.
fn is_overtaken(
    base: Option<&Base>,
    outbox: Option<&[Held]>,
    Operation { dot, author, .. }: &Operation,
    path: &str,
    write: &Write,
) -> bool {
    let Some(RecordState { fields, writers, .. }) = base.map(|base| &base.state) else {
        return false;
    };
    let mut dots = fields.get(path).into_iter().flatten().map(|sibling| sibling.dot);
    dots.any(|stands| match stands.device == dot.device {
        true => stands.seq > dot.seq,
        false => {
            let is_theirs = writers.get(&stands.device) == Some(author);
            is_theirs && outbox.is_some_and(|held| !seen(held, path, write).contains(&stands))
        }
    })
}

/// A device saw what it wrote to a field before: of that the newest stands, in whichever order it is laid over.
fn put_in_order(record: &Record, dot: Dot, path: &str, write: &mut Write) {
    let own = record.standing(path).map(|(stands, _)| stands);
    let own = own.filter(|stands| stands.device == dot.device && *stands != dot);
    write.over.extend(own.map(|stands| stands.min(dot)));
}

/// What a write came over, and what that came over in its turn, as far as it is held.
fn seen(outbox: &[Held], path: &str, write: &Write) -> BTreeSet<Dot> {
    let (mut seen, mut due) = (BTreeSet::new(), write.over.clone());
    while let Some(dot) = due.pop() {
        let is_new = seen.insert(dot);
        let below = outbox.iter().filter(|held| is_new && held.operation.dot == dot);
        let below = below.filter_map(|held| held.operation.fields.get(path));
        due.extend(below.flat_map(|write| &write.over));
    }
    seen
}

fn apply(record: &mut Option<Record>, operation: &Operation) {
    match record {
        Some(record) => record.take(operation),
        None => *record = Some(Record::begin(operation)),
    }
}

/// The open patch as an operation with a dot that no sealed one ever has.
fn unsealed(patch: &OpenPatch, device: DeviceId) -> Operation {
    let mut operation =
        patch.clone().seal(Dot { device, seq: u64::MAX }, Times::default(), patch.quiet_action());
    if operation.action == Action::Edit && patch.fields.is_empty() {
        operation.fields.clear(); // opened and looked at only
    }
    operation
}

/// The value to show of a field. In a conflict that is the record's author's, else the one with the
/// greatest dot; nothing is decided by it.
fn shown<'a>(row: &Row<'a>, path: &str) -> Option<Shown<'a>> {
    shown_of(row.rest(), row.field(path)?)
}

fn shown_of<'a>(state: &RecordState, field: Field<'a>) -> Option<Shown<'a>> {
    let siblings = match field {
        Field::Text(text) => return Some(Shown::Text(text)),
        Field::Siblings([alone]) => return Some((&alone.value).into()),
        Field::Siblings(siblings) => siblings,
    };
    let by_author =
        |sibling: &Sibling| state.writers.get(&sibling.dot.device) == Some(&state.author);
    siblings
        .iter()
        .max_by_key(|sibling| (by_author(sibling), sibling.dot.seq, sibling.dot.device))
        .map(|sibling| (&sibling.value).into())
}

/// The answers by field path, as in [`RecordView::fields`].
pub fn answers<'a>(row: &Row<'a>) -> impl Iterator<Item = (&'a str, Shown<'a>)> {
    let is_removed =
        |path: &str| rows_above(path).any(|above| shown(row, above).is_some_and(Shown::is_empty));
    let answered = row.fields().filter(move |(path, _)| !field::is_ours(path) && !is_removed(path));
    answered
        .filter_map(|(path, field)| Some((path, shown_of(row.rest(), field)?)))
        .filter(|(_, shown)| !shown.is_empty())
}

/// The paths of the rows that a field stands in, the outermost first.
fn rows_above(path: &str) -> impl Iterator<Item = &str> {
    // A letter is found at once; a text is prepared for first, and a page has tens of thousands of paths.
    let is_row = |at: &usize| path.as_bytes().get(at + 1) == Some(&b'/');
    path.match_indices(']').map(|(at, _)| at).filter(is_row).filter_map(move |at| path.get(..=at))
}

/// The group of questions a field stands in.
fn group_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(group, _)| group)
}

/// What met in a record without having been seen, the gravest first, then by path.
#[must_use]
pub fn conflicts(row: &Row<'_>) -> Vec<Conflict> {
    // Where nothing stands beside another value nothing has met.
    if row.rest().fields.values().all(|siblings| siblings.len() < 2) {
        return Vec::new();
    }
    let state = &row.to_state();
    let mut found: Vec<Conflict> = Vec::new();
    for (path, siblings) in state.fields.iter().filter(|(_, siblings)| siblings.len() > 1) {
        let differ = |a: &Value, b: &Value| match path.ends_with(']') {
            // At which place a row stands is nothing to decide; whether it is there is.
            true => (*a == Value::Empty) != (*b == Value::Empty),
            false => a != b,
        };
        // Of two reasons to send it back both are to be read.
        let contested = path != field::REASON
            && siblings.iter().any(|sibling| differ(&sibling.value, &siblings[0].value));
        let level = if contested { Level::Decide } else { Level::Note };
        found.push(Conflict { path: path.clone(), level, values: siblings.clone() });
    }
    found.extend(parallel_changes(state, &found));
    if let Some(approval) = beside_approval(state) {
        found.retain(|conflict| conflict.path != field::STATE);
        found.push(approval);
    }
    found.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.path.cmp(&b.path)));
    found
}

/// How many of them a person must decide.
#[must_use]
pub fn to_decide(conflicts: &[Conflict]) -> usize {
    conflicts.iter().filter(|conflict| conflict.level == Level::Decide).count()
}

/// What a record with these, the gravest first, asks of people: where something is to be decided, a look goes with that.
#[must_use]
pub fn asks(conflicts: &[Conflict]) -> Option<Level> {
    conflicts.first().map(|gravest| gravest.level).filter(|level| Level::ASKING.contains(level))
}

/// An approval beside which somebody changed the record without having seen it: what was approved is not what stands.
fn beside_approval(state: &RecordState) -> Option<Conflict> {
    let touches = state.fields.get(field::DELETED).filter(|touches| touches.len() > 1)?;
    let values = state.fields.get(field::STATE)?;
    let approvals = values.iter().filter(|sibling| sibling.is_approval());
    let approvals: Vec<Dot> = approvals.map(|approval| approval.dot).collect();
    let is_beside = touches.iter().any(|touch| !approvals.contains(&touch.dot));
    (!approvals.is_empty() && is_beside).then(|| Conflict {
        path: field::STATE.to_owned(),
        level: Level::Decide,
        values: values.clone(),
    })
}

/// Groups that two people changed, and rows that one removed and another changed, in parallel: the dots
/// that stand together in [`field::DELETED`] are those that did not see each other.
fn parallel_changes(state: &RecordState, known: &[Conflict]) -> Vec<Conflict> {
    let touches = state.fields.get(field::DELETED).map_or(&[][..], Vec::as_slice);
    if touches.len() < 2 {
        return Vec::new();
    }
    let is_parallel = |dot: &Dot| touches.iter().any(|touch| touch.dot == *dot);
    let mut groups: BTreeMap<&str, BTreeSet<Dot>> = BTreeMap::new();
    let mut found = Vec::new();
    for (path, siblings) in state.fields.iter().filter(|(path, _)| !field::is_ours(path)) {
        let dots = || siblings.iter().map(|sibling| sibling.dot).filter(is_parallel);
        groups.entry(group_of(path)).or_default().extend(dots());
        for row in rows_above(path) {
            let removed = state.fields.get(row).into_iter().flatten();
            let removed = removed.filter(|sibling| sibling.value == Value::Empty);
            let values: Vec<Sibling> = removed
                .filter(|sibling| is_parallel(&sibling.dot) && dots().any(|dot| dot != sibling.dot))
                .cloned()
                .collect();
            if !values.is_empty() {
                found.push(Conflict { path: row.to_owned(), level: Level::Decide, values });
            }
        }
    }
    found.dedup_by(|a, b| a.path == b.path);
    // A field that both wrote is told as such; it says more than its group.
    let is_known = |group: &str| {
        known
            .iter()
            .any(|conflict| group_of(&conflict.path) == group && !field::is_ours(&conflict.path))
    };
    let groups = groups.into_iter().filter(|(group, dots)| dots.len() > 1 && !is_known(group));
    found.extend(groups.map(|(group, _)| Conflict {
        path: group.to_owned(),
        level: Level::Look,
        values: Vec::new(),
    }));
    found
}
