//! Entities: the things that submitted records make and change, in one list for each data set, in the order in which the
//! server took the records.
//!
//! The records are what was said; the lists are worked out of them, whenever somebody asks and records came since. An
//! update that did not see what others had changed is applied all the same, and the entity shows that they met.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use form::{EntityChange, EntityRow, Environment, Program, Resources, Session};
use serde::{Deserialize, Serialize};
use sync::view::RecordView;
use sync::wire::{Hash, RecordState, State, Value};

use crate::App;
use crate::database::{Answer, DatabaseError, Folded, MAX_KEY};

/// Records that are read at a time.
const BATCH: u32 = 500;

/// How two changes that did not see each other meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Meeting {
    /// They changed different properties: both hold.
    Soft,
    /// They changed the same: what came last holds.
    Hard,
}

impl Meeting {
    /// By its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Soft, Self::Hard].into_iter().find(|meeting| meeting.name() == name)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Soft => "soft",
            Self::Hard => "hard",
        }
    }
}

/// What came of one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The entity is in the list since, or changed.
    Applied,
    /// It is to be changed and is not there: it waits until somebody makes it.
    Waits,
    /// It is to be made and is there already.
    IsThere,
}

impl Outcome {
    /// Its name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Waits => "waits",
            Self::IsThere => "is_there",
        }
    }
}

/// An entity as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Its list.
    pub dataset: String,
    /// Its id, a UUID.
    pub id: String,
    /// The unit of the record that made it: who sees its records sees it.
    pub unit: String,
    /// How often it was made or changed.
    pub version: u64,
    /// Its label.
    pub label: String,
    /// Its properties, by name.
    pub properties: BTreeMap<String, String>,
    /// The gravest meeting of changes that nobody settled.
    pub conflict: Option<Meeting>,
}

/// One version of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityVersion {
    /// Its number, from 1.
    pub version: u64,
    /// Who changed it.
    pub author: String,
    /// The line of changes that one phone made without a network; empty if the client knows of none.
    pub branch: String,
    /// The version that its author saw; 0 for the first.
    pub base: u64,
    /// The label, if it was changed.
    pub label: Option<String>,
    /// The properties that were changed.
    pub properties: BTreeMap<String, String>,
    /// How it met what its author did not see.
    pub conflict: Option<Meeting>,
}

/// A change, with the record that it comes from.
#[derive(Clone, Debug)]
pub struct Sourced {
    /// What is to be done.
    pub change: EntityChange,
    /// The unit of the record.
    pub unit: String,
    /// The account that wrote the record.
    pub author: String,
}

/// The entity and its new version after a change, or why there is none.
pub fn apply(
    now: Option<(&Entity, &[EntityVersion])>,
    sourced: &Sourced,
) -> Result<(Entity, EntityVersion), Outcome> {
    let Sourced { change, unit, author } = sourced;
    let properties: BTreeMap<String, String> = change.properties.iter().cloned().collect();
    let number = |text: &str| text.trim().parse::<u64>().unwrap_or(0);
    let mut new = EntityVersion {
        version: 1,
        author: author.clone(),
        branch: change.branch_id.clone(),
        base: 0,
        label: change.label.clone(),
        properties,
        conflict: None,
    };
    let Some((entity, versions)) = now else {
        if !change.create {
            return Err(Outcome::Waits);
        }
        let entity = Entity {
            dataset: change.dataset.clone(),
            id: change.id.clone(),
            unit: unit.clone(),
            version: 1,
            label: change.label.clone().unwrap_or_default(),
            properties: new.properties.clone(),
            conflict: None,
        };
        return Ok((entity, new));
    };
    if !change.update {
        return Err(Outcome::IsThere);
    }
    let is_in_branch = !new.branch.is_empty();
    // A client that knew of no branches then may know of them by now.
    let is_own = |one: &EntityVersion| match one.branch.is_empty() {
        true => one.author == *author,
        false => one.branch == new.branch,
    };
    // Within a branch the client counts versions that only it had: its number is not ours. Where the list told none the client made
    // the entity itself, or believed so: the first version is what it shows.
    let trunk = match number(&change.trunk_version) {
        _ if !is_in_branch => number(&change.base_version),
        trunk => trunk.max(1),
    };
    let last = versions.iter().rev().find(|one| is_in_branch && is_own(one));
    new.base = last.map_or(trunk, |last| last.version.max(trunk));
    // What the branch did was on the screen, and not what others did between. A client without branches counts its own changes
    // like the server's: what the same person did since was on their screen.
    let is_unseen = |one: &&EntityVersion| one.version > trunk && !is_own(one);
    let (unseen, seen): (Vec<_>, Vec<_>) = versions.iter().partition(is_unseen);
    // A form sends also what its person left as it was: that is no change, and undoes nobody's.
    if new.base > 0 {
        let (label, properties) = put_together(seen);
        let was = |name: &String| properties.get(name).map_or("", String::as_str);
        new.label = new.label.filter(|new| *new != label);
        new.properties.retain(|name, value| was(name) != value);
    }
    let is_label_new = new.label.as_ref().is_some_and(|label| *label != entity.label);
    let mut differs = new.properties.clone();
    differs.retain(|name, value| entity.properties.get(name) != Some(value));
    if is_label_new || !differs.is_empty() {
        let overlaps = unseen.iter().any(|one| {
            one.label.is_some() && is_label_new
                || differs.keys().any(|name| one.properties.contains_key(name))
        });
        // What an earlier change of the branch met is told with that one, unless this one changes the same.
        let is_news = unseen.iter().any(|one| one.version > new.base);
        new.conflict = overlaps.then_some(Meeting::Hard).or(is_news.then_some(Meeting::Soft));
    }
    new.version = entity.version + 1;
    let mut changed = entity.clone();
    changed.version = new.version;
    changed.conflict = changed.conflict.max(new.conflict);
    if let Some(label) = &new.label {
        changed.label.clone_from(label);
    }
    changed.properties.extend(new.properties.clone());
    Ok((changed, new))
}

/// The label and the properties that these versions leave, one after another.
pub(crate) fn put_together<'v>(
    versions: impl IntoIterator<Item = &'v EntityVersion>,
) -> (String, BTreeMap<String, String>) {
    let (mut label, mut properties) = ("", BTreeMap::new());
    for version in versions {
        label = version.label.as_deref().unwrap_or(label);
        properties.extend(version.properties.clone());
    }
    (label.to_owned(), properties)
}

/// A list as forms read it.
#[must_use]
pub fn csv(entities: &[Entity]) -> String {
    let rows = entities.iter().map(|entity| EntityRow {
        id: entity.id.clone(),
        label: entity.label.clone(),
        version: entity.version,
        properties: entity.properties.clone().into_iter().collect(),
    });
    form::entity_csv(&rows.collect::<Vec<_>>())
}

/// The lists that records of a form make or change.
#[must_use]
pub fn datasets(xml: &str) -> BTreeSet<String> {
    lists(xml).made
}

/// The lists that a form has to do with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    /// Those that its records make or change.
    pub(crate) made: BTreeSet<String>,
    /// Those that it chooses from, or would if there were such.
    pub(crate) read: BTreeSet<String>,
}

pub(crate) fn lists(xml: &str) -> Lists {
    if !xml.contains("dataset=") && !form::may_read(xml, ".csv") {
        return Lists::default();
    }
    let Ok((form, _)) = form::parse_xform(xml) else { return Lists::default() };
    let name = |address: &str| {
        let file = address.rsplit('/').next().unwrap_or(address);
        Some(file.strip_suffix(".csv")?.to_owned())
    };
    Lists {
        made: form.datasets().into_iter().map(str::to_owned).collect(),
        read: form.files().into_iter().filter_map(name).collect(),
    }
}

/// Takes into the lists what records say that came since it was done last.
pub(crate) async fn catch_up(app: &App) -> Answer<()> {
    let database = app.database();
    let mut programs = BTreeMap::new();
    loop {
        let Some(batch) = database.entity_records(BATCH).await? else { return Ok(()) };
        let more = batch.records.len() == BATCH as usize;
        let mut forms = BTreeMap::new();
        for record in &batch.records {
            let hash = record.form.hash;
            if !programs.contains_key(&hash) && !forms.contains_key(&hash) {
                forms.insert(hash, database.form(hash).await?.map(|row| row.xml));
            }
        }
        let (head, from) = (batch.head, batch.from);
        let read = move || {
            programs.extend(
                forms.into_iter().map(|(hash, xml)| (hash, xml.and_then(|xml| program(&xml)))),
            );
            let changes = batch.records.iter().map(|record| changes(record, &programs)).collect();
            (changes, programs)
        };
        let (changes, known): (Vec<Folded>, _) =
            tokio::task::spawn_blocking(read).await.map_err(|error| DatabaseError::Damaged {
                what: "entities of a record",
                why: error.to_string(),
            })?;
        programs = known;
        // Somebody else may have done it meanwhile: then it is looked at anew.
        database.fold_entities(from, head, changes).await?;
        if !more {
            return Ok(());
        }
    }
}

type Programs = BTreeMap<Hash, Option<Arc<Program>>>;

fn program(xml: &str) -> Option<Arc<Program>> {
    if datasets(xml).is_empty() {
        return None;
    }
    let (form, _) = form::parse_xform(xml).ok()?;
    form::compile(form, &Resources::default()).ok().map(Arc::new)
}

/// Whether a record does anything to entities as it stands.
pub(crate) fn counts(view: &RecordView) -> bool {
    matches!(view.state, State::Submitted | State::Returned | State::Approved) && !view.deleted
}

/// What a record does to entities as it stands: nothing before it is submitted, nor when it is put away.
fn changes(record: &RecordState, programs: &Programs) -> Folded {
    let none = Folded { record: record.record, at_ms: record.changed_ms, changes: Vec::new() };
    let view = RecordView::of(record);
    let program = programs.get(&view.form.hash).and_then(Option::as_ref);
    let Some(program) = program.filter(|_| counts(&view)) else {
        return none;
    };
    let fields = view.fields.iter().filter_map(|(path, value)| match value {
        Value::Empty => None,
        Value::Text(text) => Some((path.clone(), text.clone())),
        Value::File(file) => Some((path.clone(), file.name.clone())),
    });
    let session = Session::as_stored(program.clone(), Environment::default(), &fields.collect());
    // An answer may be anything; what is longer than a name is none.
    let is_name = |text: &str| (1..=MAX_KEY).contains(&text.len());
    let is_named = |change: &EntityChange| is_name(&change.dataset) && is_name(&change.id);
    let changes = session.entities().into_iter().filter(is_named);
    let changes = changes.map(|change| Sourced {
        change,
        unit: view.unit.clone(),
        author: view.author.clone(),
    });
    Folded { changes: changes.collect(), ..none }
}
