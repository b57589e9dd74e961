//! Marks on the cards of a list, given and taken back.

use super::*;

/// Nobody is there before they are called, and whoever is late has a time that the form notes: what `tuoi` says.
fn called() -> String {
    FORM.replace("<ho_ten/>", "<ho_ten/><tt>chua</tt><gio/><so/>").replace(
        r#"<bind nodeset="/data/nguoi/ho_ten" type="string"/>"#,
        r#"<bind nodeset="/data/nguoi/ho_ten" type="string"/><bind nodeset="/data/nguoi/tt" type="string" constraint=". != 'chua'"/>
        <bind nodeset="/data/nguoi/gio" type="string" relevant="../tt = 'muon'"/>"#,
    ).replace(
        "</input></repeat>",
        r#"</input><select1 ref="/data/nguoi/tt"><label>TT</label>
        <setvalue event="xforms-value-changed" ref="/data/nguoi/gio" value="if(../tt = 'muon', /data/chung/tuoi, '')"/>
        <item><label>Chưa</label><value>chua</value></item><item><label>Có mặt</label><value>co</value></item>
        <item><label>Muộn</label><value>muon</value></item><item><label>Vắng</label><value>vang</value></item></select1>
        <input ref="/data/nguoi/gio"><label>Giờ</label></input><input ref="/data/nguoi/so"><label>Số</label></input></repeat>"#,
    )
}

/// A form with three people in its list, and where each is marked.
fn with_three(phone: &Phone, id: RecordId) -> (FormEntry, [NodeId; 3]) {
    let entry = phone.open(id);
    entry.answer(question(entry, "chung/ten"), "Lớp");
    let list = question(entry, "nguoi");
    let named = |name: &str| Named { name: name.to_owned(), ..Named::default() };
    let added = entry.add_named_rows(list, &["Lan", "Hoa", "Mai"].map(named)).expect("a text");
    let rows = entry.rows_of(&added);
    let marks = [0, 1, 2].map(|at: usize| entry.within(rows[at], "tt").expect("asked"));
    (entry, marks)
}

fn marks(entry: FormEntry, questions: [NodeId; 3]) -> [String; 3] {
    questions.map(|question| entry.value(question))
}

#[test]
fn all_of_whom_nobody_said_anything_are_marked_by_one_press_and_that_is_taken_back_by_one() {
    Owner::new().with(|| {
        let phone = Phone::filling_in(&called());
        let id = record_id::new();
        let (entry, questions) = with_three(&phone, id);
        let list = question(entry, "nguoi");
        assert_eq!(entry.all_unmarked(list), questions);
        let mark = entry.unmarked(questions[1]).expect("nobody said anything");
        entry.mark(&[(questions[1], "vang".to_owned())]).expect("open");
        let left: Vec<_> =
            entry.all_unmarked(list).into_iter().map(|question| (question, mark.clone())).collect();
        let marked = entry.mark(&left).expect("open");
        assert_eq!(marks(entry, questions), ["co", "vang", "co"]);
        block_on(entry.save_now()).expect("stored");
        let view = block_on(phone.records.view(id)).expect("read").expect("a record");
        let stored = view.fields.values().filter(|value| **value == Value::Text("co".to_owned()));
        assert_eq!(stored.count(), 2);
        entry.mark(&[(questions[2], "vang".to_owned())]).expect("open");
        entry.take_back_marks(&marked);
        assert_eq!(marks(entry, questions), ["chua", "vang", "vang"], "what was said since stays");
    });
}

#[test]
fn a_slip_of_the_thumb_that_is_taken_back_leaves_the_time_at_which_somebody_came() {
    Owner::new().with(|| {
        let phone = Phone::filling_in(&called());
        let id = record_id::new();
        let (entry, [mark, ..]) = with_three(&phone, id);
        let row = entry.parent(mark).expect("it stands in a row");
        let time = entry.within(row, "gio").expect("asked");
        let clock = question(entry, "chung/tuoi");
        entry.answer(clock, "8");
        entry.mark(&[(mark, "muon".to_owned())]).expect("open");
        assert_eq!(entry.value(time), "8");
        entry.answer(clock, "10");
        let slip = entry.mark(&[(mark, "vang".to_owned())]).expect("open");
        entry.answer(entry.within(row, "so").expect("asked"), "7");
        entry.take_back_marks(&slip);
        assert_eq!([entry.value(mark), entry.value(time)], ["muon", "8"]);
        assert_eq!(entry.value(entry.within(row, "so").expect("asked")), "7", "no other answer");
        // Whoever comes back is at the card.
        block_on(entry.save_now()).expect("stored");
        let card = entry.session.with_value(|session| session.path(row));
        let again = phone.open(id);
        assert_eq!(again.focused().get_untracked(), Some(question(again, &card)));
        assert!(entry.mark(&[(mark, "muon".to_owned())]).expect("open").is_empty(), "it was so");
    });
}

#[test]
fn a_mark_that_is_taken_back_after_the_form_was_closed_stops_nothing() {
    let owner = Owner::new();
    let phone = owner.with(|| Phone::filling_in(&called()));
    let inner = Owner::new();
    let (entry, [mark, ..]) = inner.with(|| with_three(&phone, record_id::new()));
    let marked = inner.with(|| entry.mark(&[(mark, "co".to_owned())])).expect("open");
    inner.cleanup();
    entry.take_back_marks(&marked);
    assert_eq!(entry.mark(&[(mark, "vang".to_owned())]), None);
}
