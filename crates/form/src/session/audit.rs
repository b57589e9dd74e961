//! The log that a form asks for (`meta/audit`): what is to be in it, and how it is written.

use super::Session;
use super::entities::write_row;
use super::instance::ItemId;
use crate::program::{DefId, Program, local};
use crate::view::NodeId;

/// What a form wants to be logged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Old and new answers.
    pub track_changes: bool,
    /// The name of the person, asked on each opening.
    pub identify_user: bool,
    /// Why a sent record is changed.
    pub reasons: bool,
    /// The place of the device.
    pub place: Option<AuditPlace>,
}

/// How places are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPlace {
    /// `no-power`, `low-power`, `balanced` or `high-accuracy`.
    pub priority: String,
    /// Seconds between two places.
    pub min_interval_s: u32,
    /// Seconds after which a place is no longer used.
    pub max_age_s: u32,
}

/// A line of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditEvent {
    /// `form start`, `question`, `group questions`, `add repeat`, `form save` …
    pub event: String,
    /// Path of the node, rows by their number; see [`Session::reference`].
    pub node: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub start_ms: i64,
    /// The same, for what has a duration.
    pub end_ms: Option<i64>,
    /// The place as `lat lon alt accuracy`.
    pub place: Option<String>,
    /// The answer before and after.
    pub change: Option<(String, String)>,
    /// Who.
    pub user: String,
    /// Why.
    pub reason: String,
}

impl Program {
    /// The field that holds the log.
    #[must_use]
    pub fn audit_field(&self) -> Option<String> {
        let meta = self.schema.child(DefId::ROOT, "meta", false)?;
        let audit = self.schema.child(meta, "audit", false)?;
        Some(format!("{}/{}", self.schema.def(meta).name, self.schema.def(audit).name))
    }

    /// What the form wants to be logged; `None`: nothing.
    #[must_use]
    pub fn audit(&self) -> Option<Audit> {
        let meta = self.schema.child(DefId::ROOT, "meta", false)?;
        let def = self.schema.child(meta, "audit", false)?;
        let said = |name: &str| {
            let mut attributes = self.rules(def).attributes.iter();
            attributes.find(|a| local(&a.name) == name).map(|a| a.value.trim())
        };
        let yes = |name: &str| said(name) == Some("true");
        let seconds = |name: &str| said(name).and_then(|text| text.parse().ok()).unwrap_or(0);
        Some(Audit {
            track_changes: yes("track-changes"),
            identify_user: yes("identify-user"),
            reasons: said("track-changes-reasons") == Some("on-form-edit"),
            place: said("location-priority").map(|priority| AuditPlace {
                priority: priority.to_owned(),
                min_interval_s: seconds("location-min-interval"),
                max_age_s: seconds("location-max-age"),
            }),
        })
    }
}

impl Audit {
    /// The log as the CSV that servers expect beside the record: only the columns that are asked for.
    #[must_use]
    pub fn write(&self, events: &[AuditEvent]) -> String {
        let columns: [(bool, &[&str]); 5] = [
            (true, &["event", "node", "start", "end"]),
            (self.place.is_some(), &["latitude", "longitude", "accuracy"]),
            (self.track_changes, &["old-value", "new-value"]),
            (self.identify_user, &["user"]),
            (self.reasons, &["change-reason"]),
        ];
        let mut out = String::new();
        let asked = columns.iter().filter(|(asked, _)| *asked);
        let header: Vec<_> = asked.flat_map(|(_, names)| *names).map(|n| (*n).into()).collect();
        write_row(&mut out, &header);
        for event in events {
            let end = event.end_ms.map(|end| end.to_string()).unwrap_or_default();
            let start = event.start_ms.to_string();
            let mut cells = vec![event.event.as_str(), &event.node, &start, &end];
            if self.place.is_some() {
                let place: Vec<&str> =
                    event.place.as_deref().unwrap_or_default().split_whitespace().collect();
                let number = |at: usize| place.get(at).copied().unwrap_or_default();
                cells.extend([number(0), number(1), number(3)]);
            }
            if self.track_changes {
                let change = event.change.as_ref();
                cells.extend(change.map_or(["", ""], |(old, new)| [old.as_str(), new.as_str()]));
            }
            if self.identify_user {
                cells.push(&event.user);
            }
            if self.reasons {
                cells.push(&event.reason);
            }
            let cells: Vec<_> = cells.into_iter().map(Into::into).collect();
            write_row(&mut out, &cells);
        }
        out
    }
}

impl Session {
    /// The path of a drawn node from the root on, rows by their number: `/data/row[2]/name`.
    #[must_use]
    pub fn reference(&self, id: NodeId) -> String {
        let mut steps = Vec::new();
        let mut at: Option<ItemId> = self.drawn.get(id).map(|node| node.item);
        while let Some(item) = at {
            let about = self.instance.get(item);
            let name = &self.program.schema.def(about.def).name;
            steps.push(match &about.row {
                Some(row) => format!("{name}[{}]", row.place + 1),
                None => name.to_string(),
            });
            at = about.parent;
        }
        steps.reverse();
        format!("/{}", steps.join("/"))
    }
}
