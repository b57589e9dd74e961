//! Many rows at once, stored and taken back.

use super::*;
use crate::platform::storage::Change;

fn stored(phone: &Phone, id: RecordId) -> BTreeMap<String, Value> {
    let view = block_on(phone.records.view(id)).expect("read").expect("a record");
    let mut fields = view.fields;
    fields.retain(|path, value| path.starts_with("nguoi") && *value != Value::Empty);
    fields
}

fn named(names: &[&str]) -> Vec<Named> {
    let of = |name: &&str| Named { name: (*name).to_owned(), ..Named::default() };
    names.iter().map(of).collect()
}

#[test]
fn a_pasted_list_is_stored_in_one_go_and_taken_back_in_one_go() {
    run(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        entry.answer(question(entry, "chung/ten"), "An");
        let repeat = question(entry, "nguoi");
        let blank = entry.add_row(repeat).expect("a row");
        let path = entry.session.with_value(|session| session.path(blank));
        block_on(entry.save_now()).expect("stored");
        assert_eq!(stored(phone, id).len(), 1);

        let names = ["Lan", "Hoa"];
        let added =
            entry.add_named_rows(repeat, &named(&names)).expect("rows are called by a text");
        block_on(entry.save_now()).expect("stored");
        assert_eq!(entry.row_names(repeat), names);
        assert_eq!(entry.children(repeat).get_untracked(), entry.rows_of(&added));
        assert_eq!(stored(phone, id).len(), 4, "two rows with a name each; the blank one made way");

        entry.take_back(&added);
        block_on(entry.save_now()).expect("stored");
        assert_eq!(stored(phone, id).into_keys().collect::<Vec<_>>(), [path]);
        assert_eq!(entry.rows_of(&added), []);
    });
}

#[test]
fn who_is_added_by_name_to_one_record_has_one_row_whichever_phone_adds_them() {
    let id = record_id::new();
    let mut begun = None;
    run(|phone| {
        let entry = phone.open(id);
        entry.answer(question(entry, "chung/ten"), "An");
        block_on(entry.save_now()).expect("stored");
        block_on(phone.records.seal_all()).expect("sealed");
        let rows = block_on(phone.storage.all(Store::Outbox)).expect("read");
        let held = rows.iter().map(|(_, row)| OutboxRow::decode(row).and_then(OutboxRow::held));
        let held: Vec<view::Held> = held.collect::<Result<_, _>>().expect("ours");
        begun = view::handed_over(&phone.device(), None, &held);
    });
    // The record as a pull brings it to each of them.
    let begun = begun.expect("a record");
    let added = |state: &RecordState, names: &[&str]| {
        let mut rows = Vec::new();
        run(|phone| {
            let base = view::Base { state: state.clone(), included: 0, generation: 1 };
            let row = Change::Put(Store::Base, id.into(), codec::encode(&base));
            let device = DeviceState { generation: 1, complete: 1, ..phone.device() };
            let device = outbox::put_device(&device);
            block_on(phone.storage.write(vec![row, device])).expect("stored");
            block_on(phone.records.reload()).expect("read");
            let entry = phone.open(id);
            let repeat = question(entry, "nguoi");
            entry.add_named_rows(repeat, &named(names)).expect("rows are called by a text");
            block_on(entry.save_now()).expect("stored");
            rows = stored(phone, id).into_keys().collect::<Vec<_>>();
        });
        rows
    };
    let seen = added(&begun, &["Lan", "Hoa", "lan"]);
    assert_eq!(seen, added(&begun, &["Hoa", "lan", "Lan"]));
    assert_eq!(seen.len(), 6, "namesakes are two rows");
    // Who comes unannounced to one door and is in the list that is pasted at the other.
    let walked_in = added(&begun, &["HOA"]);
    assert_eq!(walked_in.len(), 2);
    assert!(walked_in.iter().all(|row| seen.contains(row)), "one person");
    // Whoever is not told what keys are made with works out no name by them.
    let mut cut = begun.clone();
    cut.fields.retain(|path, _| !path.starts_with(field::ROWS));
    assert_eq!(cut.fields.len() + 1, begun.fields.len());
    assert!(added(&cut, &["Lan", "Hoa", "lan"]).iter().all(|row| !seen.contains(row)));
}

#[test]
fn who_was_removed_and_is_added_again_begins_anew() {
    run(|phone| {
        let id = record_id::new();
        let names = named(&["Lan"]);
        for again in 0..3 {
            let owner = Owner::new();
            owner.with(|| {
                let entry = phone.open(id);
                let repeat = question(entry, "nguoi");
                let there = entry.children(repeat).get_untracked();
                there.into_iter().for_each(|row| drop(entry.remove_row(row)));
                let added =
                    entry.add_named_rows(repeat, &names).expect("rows are called by a text");
                let row = entry.rows_of(&added)[0];
                assert_eq!(entry.rows_of(&added).len(), 1, "{again}");
                assert_eq!(entry.children(repeat).get_untracked(), [row]);
                block_on(entry.save_now()).expect("stored");
            });
            owner.cleanup();
        }
        assert_eq!(stored(phone, id).len(), 2, "the last row and its name");
        let view = block_on(phone.records.view(id)).expect("read").expect("a record");
        let rows = view.dots.into_keys().filter(|path| path.ends_with(']'));
        assert_eq!(rows.count(), 3, "each time another row");
    });
}

#[test]
fn a_list_that_is_taken_back_after_the_form_was_closed_stops_nothing() {
    run(|phone| {
        let owner = Owner::new();
        let entry = owner.with(|| phone.open(record_id::new()));
        let added = entry.add_named_rows(question(entry, "nguoi"), &named(&["Lan"]));
        owner.cleanup();
        entry.take_back(&added.expect("rows are called by a text"));
    });
}

#[test]
fn the_people_of_another_record_are_stored_before_anybody_answers() {
    let form = FORM
        .replace("<ho_ten/>", "<ho_ten/><tt>co</tt>")
        .replace("</input></repeat>", "</input><select1 ref=\"/data/nguoi/tt\"><label>TT</label><item><label>Co</label><value>co</value></item></select1></repeat>");
    Owner::new().with(|| {
        let phone = Phone::filling_in(&form);
        let first = phone.open(record_id::new());
        first.answer(question(first, "chung/ten"), "An");
        first.add_named_rows(question(first, "nguoi"), &named(&["Lan", "Hoa"]));
        block_on(first.submit()).expect("complete");
        let view = block_on(phone.records.view(first.record())).expect("read").expect("a record");
        let id = record_id::new();
        let next = phone.open(id);
        next.begin_after(&fields_of(&view));
        block_on(next.save_now()).expect("stored");
        assert_eq!(next.row_names(question(next, "nguoi")), ["Lan", "Hoa"]);
        assert_eq!(stored(&phone, id).len(), 6, "rows, names and marks");
    });
}

#[test]
fn what_a_list_says_beside_the_names_is_answered_in_their_rows() {
    let form = FORM
        .replace("<ho_ten/>", "<ho_ten/><them><sinh/></them>")
        .replace("</input></repeat>", "</input><group ref=\"/data/nguoi/them\"><input ref=\"/data/nguoi/them/sinh\"><label>Sinh</label></input></group></repeat>");
    Owner::new().with(|| {
        let phone = Phone::filling_in(&form);
        let id = record_id::new();
        let entry = phone.open(id);
        entry.answer(question(entry, "chung/ten"), "An");
        let list = question(entry, "nguoi");
        assert_eq!(entry.columns(list), ["them/sinh"]);
        let mut people = named(&["Lan", "Hoa"]);
        people[0].answers.insert("them/sinh".to_owned(), "1985".to_owned());
        let added = entry.add_named_rows(list, &people).expect("rows are called by a text");
        let told = |row: &NodeId| entry.value(entry.within(*row, "them/sinh").expect("asked"));
        assert_eq!(entry.rows_of(&added).iter().map(told).collect::<Vec<_>>(), ["1985", ""]);
        block_on(entry.save_now()).expect("stored");
        assert_eq!(stored(&phone, id).len(), 5, "two rows, their names and a year");
        entry.take_back(&added);
        block_on(entry.save_now()).expect("stored");
        assert_eq!(stored(&phone, id).len(), 0);
    });
}

#[test]
fn how_many_are_in_a_list_follows_each_mark() {
    let form = FORM
        .replace("<ho_ten/>", "<ho_ten/><tt>co</tt>")
        .replace("</input></repeat>", "</input><select1 ref=\"/data/nguoi/tt\"><label>TT</label><item><label>Có mặt</label><value>co</value></item><item><label>Vắng</label><value>vang</value></item></select1></repeat>");
    Owner::new().with(|| {
        let phone = Phone::filling_in(&form);
        let entry = phone.open(record_id::new());
        let list = question(entry, "nguoi");
        let names = named(&["Lan", "Hoa"]);
        let added = entry.add_named_rows(list, &names).expect("rows are called by a text");
        let figures = Memo::new(move |_| {
            let told = entry.figures(list).into_iter();
            told.map(|figure| format!("{} {}", figure.label, figure.value)).collect::<Vec<_>>()
        });
        assert_eq!(figures.get_untracked(), ["Có mặt 2/2"]);
        let mark = entry.within(entry.rows_of(&added)[0], "tt").expect("a question");
        entry.answer(mark, "vang");
        block_on(entry.save_now()).expect("stored");
        assert_eq!(figures.get_untracked(), ["Có mặt 1/2"]);
    });
}

#[test]
fn whoever_was_there_last_time_is_known_with_what_does_not_change() {
    let form = FORM
        .replace("<ho_ten/>", "<ho_ten/><sinh/><tt>co</tt>")
        .replace("</input></repeat>", "</input><input ref=\"/data/nguoi/sinh\"><label>Sinh</label></input><select1 ref=\"/data/nguoi/tt\"><label>TT</label><item><label>Co</label><value>co</value></item><item><label>Vang</label><value>vang</value></item></select1></repeat>");
    Owner::new().with(|| {
        let phone = Phone::filling_in(&form);
        let first = phone.open(record_id::new());
        first.answer(question(first, "chung/ten"), "An");
        let list = question(first, "nguoi");
        assert_eq!(block_on(first.people_before(list)), [], "there is no earlier one");
        let mut people = named(&["Lan", "Hoa"]);
        people[0].answers.insert("sinh".to_owned(), "1985".to_owned());
        let added = first.add_named_rows(list, &people).expect("rows are called by a text");
        let mark = first.within(first.rows_of(&added)[1], "tt").expect("a question");
        first.answer(mark, "vang");
        assert_eq!(first.departing(list), [(first.rows_of(&added)[1], mark)]);
        block_on(first.save_now()).expect("stored");
        let next = phone.open(record_id::new());
        let list = question(next, "nguoi");
        assert_eq!(block_on(next.people_before(list)), [], "it is not handed in");
        block_on(first.submit()).expect("complete");
        assert_eq!(block_on(next.people_before(list)), people, "and not that one was absent");
        next.add_named_rows(list, &people).expect("rows are called by a text");
        assert_eq!(next.departing(list), []);
    });
}

#[test]
fn a_photo_that_was_removed_comes_back_with_its_name() {
    run(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        let name = question(entry, "chung/ten");
        let file = block_on(entry.give(comes(entry, name), "a.jpg", "image/jpeg", &[7; 300]))
            .expect("kept");
        block_on(entry.save_now()).expect("stored");
        entry.detach(name);
        block_on(entry.save_now()).expect("stored");
        entry.answer(name, &file.name);
        block_on(entry.save_now()).expect("stored");
        assert_eq!(entry.file(name), Some(file.clone()));
        let view = block_on(phone.records.view(id)).expect("read").expect("a record");
        assert_eq!(view.fields.get("chung/ten"), Some(&Value::File(file)));
    });
}
