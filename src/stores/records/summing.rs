//! One record as lists show it, out of its rows.

use std::sync::Arc;

use sync::{
    columns::Row,
    device::DeviceState,
    review::{self, Reason},
    view::{self, Base, Brief, Held, RecordView, Shown},
    wire::{RecordId, State, Value},
};

use super::{RecordSummary, reading::Parts};

/// All that the phone knows of it.
pub(super) fn view_of(device: &DeviceState, parts: &Parts) -> Option<RecordView> {
    view::view(device, parts.base.as_ref(), &parts.outbox, parts.open.as_ref())
}

/// A record as lists show it. It is taken apart as a form needs it only for what stands nowhere but in the view: work that is open, or that
/// the server set aside.
pub(super) fn summary_of(
    device: &DeviceState,
    parts: &Parts,
    unsent_of_others: &[RecordId],
) -> Option<RecordSummary> {
    let is_unsent = |id| unsent_of_others.contains(&id);
    let is_pending = || parts.outbox.iter().any(|held| held.is_unsent(device));
    // What the base holds already, or never had, changes nothing of it.
    let is_in = |base: &Base, held: &Held| {
        !held.is_quarantined() && held.operation.dot.seq <= device.included_in(Some(base))
    };
    match parts {
        Parts { base: Some(base), outbox, open: None, .. }
            if outbox.iter().all(|held| is_in(base, held)) =>
        {
            Some(summed_up(&Row::from(&base.state), is_pending() || is_unsent(base.state.record)))
        }
        Parts { base, outbox, open: None, .. } if !outbox.iter().any(Held::is_quarantined) => {
            let state = view::handed_over(device, base.as_ref(), outbox)?;
            Some(summed_up(&Row::from(&state), is_pending() || is_unsent(state.record)))
        }
        parts => view_of(device, parts).map(|view| {
            let is_unsent = is_unsent(view.record);
            summarise(view, is_unsent)
        }),
    }
}

/// A record as a pull brought it.
pub(super) fn summed_up(row: &Row<'_>, unsent: bool) -> RecordSummary {
    let Brief { state: stands, deleted, title } = Brief::of(row);
    let returned = (stands == State::Returned).then(|| review::reasons(&row.to_state(), stands));
    let answers = view::answers(row).filter_map(|(_, shown)| shown.text());
    let rest = row.rest();
    RecordSummary {
        id: rest.record,
        form_id: rest.form.id.clone(),
        form_version: rest.form.version.clone(),
        form_hash: rest.form.hash,
        unit: rest.unit.clone(),
        author: rest.author.clone(),
        title: title.to_owned(),
        state: stands,
        returned: returned.and_then(first),
        begun_ms: rest.begun_ms(),
        changed_ms: rest.changed_ms,
        deleted,
        unsent,
        quarantined: false,
        asks: view::asks(&view::conflicts(row)),
        folded: report::fold_record(title, answers),
    }
}

fn summarise(view: RecordView, unsent_of_others: bool) -> RecordSummary {
    RecordSummary {
        begun_ms: view.begun_ms(),
        id: view.record,
        form_id: view.form.id,
        form_version: view.form.version,
        form_hash: view.form.hash,
        unit: view.unit,
        author: view.author,
        state: view.state,
        returned: first(view.reasons),
        changed_ms: view.changed_ms,
        deleted: view.deleted,
        unsent: view.pending || unsent_of_others,
        quarantined: view.quarantined,
        asks: view::asks(&view.conflicts),
        folded: report::fold_record(&view.title, view.fields.values().filter_map(text)),
        title: view.title,
    }
}

fn text(value: &Value) -> Option<&str> {
    Shown::from(value).text()
}

/// Of several reasons a list tells one.
fn first(reasons: Vec<Reason>) -> Option<Arc<Reason>> {
    reasons.into_iter().next().map(Arc::new)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sync::wire::{
        Action, DeviceId, Dot, FormRef, Hash, Operation, Outcome, RecordState, Sibling, Times,
        Value, Verdict, Write, field,
    };

    use super::*;

    const PATHS: [&str; 9] = [
        field::STATE,
        field::TITLE,
        field::DELETED,
        field::REASON,
        "a",
        "g/b",
        "r[1]",
        "r[1]/c",
        "r[2]/c",
    ];

    fn value(kind: u8) -> Value {
        match kind {
            0 => Value::Empty,
            1 => Value::Text("submitted".to_owned()),
            2 => Value::Text("Đường dài ".repeat(12)),
            3 => Value::Text("returned".to_owned()),
            4 => Value::Text("approved".to_owned()),
            5 => review::said(7, "Ảnh mờ"),
            _ => Value::Text(format!("Ô  {kind}")),
        }
    }

    proptest! {
        /// What lists show of a record that a pull brought is what the whole view of it says.
        #[test]
        fn a_record_is_summed_up_as_its_view_shows_it(
            written in prop::collection::btree_map(
                0..PATHS.len(),
                prop::collection::btree_map((0_u8..3, 1_u64..4), 0_u8..8, 1..4),
                0..8,
            ),
            sealed in prop::collection::btree_map(1_u64..5, (prop::bool::ANY, 0..PATHS.len(), 0_u8..8), 0..3),
            (included, acked, is_known) in (0_u64..5, 0_u64..5, prop::bool::ANY),
        ) {
            let dot = |(device, seq)| Dot { device: DeviceId([device; 16]), seq };
            let fields = written.into_iter().map(|(path, siblings)| {
                let sibling = |(at, kind)| Sibling { dot: dot(at), value: value(kind) };
                (PATHS[path].to_owned(), siblings.into_iter().map(sibling).collect())
            });
            let state = RecordState {
                record: RecordId([3; 16]),
                form: FormRef { id: "f".to_owned(), version: "1".to_owned(), hash: Hash([1; 32]) },
                unit: "u".to_owned(),
                author: "an".to_owned(),
                received_ms: 5,
                changed_ms: 6,
                fields: fields.collect(),
                rv: 7,
                left: false,
                writers: [(DeviceId([1; 16]), "an".to_owned())].into(),
            };
            let ours = DeviceId([9; 16]);
            let held = |(seq, (is_quarantined, path, kind)): (u64, (bool, usize, u8))| {
                let write = Write { value: value(kind), over: Vec::new() };
                let operation = Operation {
                    dot: Dot { device: ours, seq },
                    record: state.record,
                    form: state.form.clone(),
                    unit: state.unit.clone(),
                    action: Action::Edit,
                    fields: [(PATHS[path].to_owned(), write)].into(),
                    at: Times { wall_ms: 8, ..Times::default() },
                    author: "ba".to_owned(),
                };
                let outcome = Outcome::Quarantined;
                let verdict = Verdict { seq, outcome, reason: None, set_aside: None };
                Held { operation, verdict: is_quarantined.then_some(verdict) }
            };
            let outbox = sealed.into_iter().map(held).collect();
            let parts = Parts {
                waits: 0,
                outbox,
                base: is_known.then_some(Base { state, included, generation: 1 }),
                open: None,
            };
            let device = DeviceState { acked, ..DeviceState::new(ours) };
            let view = view_of(&device, &parts);
            for of_others in [&[][..], &[RecordId([3; 16])]] {
                let summary = summary_of(&device, &parts, of_others);
                let viewed = view.clone().map(|view| summarise(view, !of_others.is_empty()));
                prop_assert_eq!(summary, viewed);
            }
        }
    }
}
