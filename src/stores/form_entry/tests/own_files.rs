//! Files that the phone makes itself: the last record, and lists of entities.

use super::*;
use crate::{
    platform::storage::{
        Change,
        schema::{EntityListRow, meta},
    },
    stores::{
        Library,
        form_entry::own_files::{Beginning, with_own_files},
    },
};

const HEAD: &str = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:entities="http://www.opendatakit.org/xforms/entities"><h:head><h:title>F</h:title><model>"#;

/// Registers a household as an entity.
fn registering() -> String {
    format!(
        r#"{HEAD}<instance><data id="ho" version="1"><ten/><nguoi/><meta><entity dataset="ho_dan" id="" create="1"><label/></entity></meta></data></instance>
        <bind nodeset="/data/ten" type="string"/><bind nodeset="/data/nguoi" type="int" entities:saveto="so_nguoi"/>
        <bind nodeset="/data/meta/entity/@id" calculate="concat('ho-', /data/ten)"/>
        <bind nodeset="/data/meta/entity/label" calculate="concat('Hộ ', /data/ten)"/></model></h:head>
        <h:body><input ref="/data/ten"><label>Tên</label></input><input ref="/data/nguoi"><label>Số người</label></input></h:body></h:html>"#
    )
}

/// Visits a household, and changes it.
fn visiting() -> String {
    format!(
        r#"{HEAD}<instance><data id="tham" version="1"><ho/><nguoi/><meta><entity dataset="ho_dan" id="" update="1" baseVersion="" trunkVersion="" branchId=""/></meta></data></instance>
        <instance id="ho_dan" src="jr://file-csv/ho_dan.csv"/>
        <bind nodeset="/data/ho" type="string"/>
        <bind nodeset="/data/nguoi" type="int" entities:saveto="so_nguoi"/>
        <bind nodeset="/data/meta/entity/@id" calculate="/data/ho"/>
        <bind nodeset="/data/meta/entity/@baseVersion" calculate="instance('ho_dan')/root/item[name = /data/ho ]/__version"/>
        <bind nodeset="/data/meta/entity/@trunkVersion" calculate="instance('ho_dan')/root/item[name = /data/ho ]/__trunkVersion"/>
        <bind nodeset="/data/meta/entity/@branchId" calculate="instance('ho_dan')/root/item[name = /data/ho ]/__branchId"/>
        </model></h:head>
        <h:body><select1 ref="/data/ho"><label>Hộ</label><itemset nodeset="instance('ho_dan')/root/item"><value ref="name"/><label ref="label"/></itemset></select1>
        <input ref="/data/nguoi"><label>Số người</label></input></h:body></h:html>"#
    )
}

/// Begins with what the last record said.
const REPEATING: &str = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>F</h:title><model>
    <instance><data id="lai" version="1"><xa/><so/></data></instance>
    <instance id="__last-saved" src="jr://instance/last-saved"/>
    <bind nodeset="/data/xa" type="string"/><bind nodeset="/data/so" type="int"/>
    <setvalue event="odk-instance-first-load" ref="/data/xa" value="instance('__last-saved')/data/xa"/>
    </model></h:head><h:body><input ref="/data/xa"><label>Xã</label></input><input ref="/data/so"><label>Số</label></input></h:body></h:html>"#;

/// Opens a new record with the files that the phone has for its form, as the app does.
fn begin(phone: &Phone) -> FormEntry {
    begin_as(phone, Beginning::New)
}

fn begin_as(phone: &Phone, beginning: Beginning) -> FormEntry {
    open_as(phone, record_id::new(), beginning)
}

fn open_as(phone: &Phone, id: RecordId, beginning: Beginning) -> FormEntry {
    open_by("an", phone, id, beginning)
}

fn open_by(account: &str, phone: &Phone, id: RecordId, beginning: Beginning) -> FormEntry {
    let library = block_on(Library::load(phone.storage.clone())).expect("memory reads");
    let program = phone.program.clone();
    let program = block_on(with_own_files(program, library, phone.records, id, account, beginning));
    let program = program.expect("memory reads");
    Phone { program, storage: phone.storage.clone(), form: phone.form.clone(), ..*phone }.open(id)
}

fn hold(phone: &Phone, xml: &str) {
    let hash = codec::hash(xml.as_bytes());
    let row = Change::Put(Store::Forms, hash.into(), xml.as_bytes().to_vec());
    block_on(phone.storage.write(vec![row])).expect("memory writes");
}

fn register(phone: &Phone, name: &str, people: &str) -> FormEntry {
    let entry = begin(phone);
    entry.answer(question(entry, "ten"), name);
    entry.answer(question(entry, "nguoi"), people);
    block_on(entry.submit()).expect("complete");
    entry
}

/// The server told its list at that time.
fn told(phone: &Phone, as_of_ms: i64, csv: &str) {
    let csv = format!("name,label,__version,so_nguoi\n{csv}");
    let row = EntityListRow { tag: "t".to_owned(), as_of_ms, csv };
    let key = format!("{}ho_dan", meta::ENTITIES);
    let row = Change::Put(Store::Meta, key.as_str().into(), codec::encode(&row));
    block_on(phone.storage.write(vec![row])).expect("memory writes");
}

/// The server took what was sealed; and a pull brought the record, if it has been.
fn synced(phone: &Phone, record: RecordId, pulled: bool) {
    let rows = block_on(phone.storage.all(Store::Outbox)).expect("memory reads");
    let held: Vec<view::Held> = rows
        .iter()
        .map(|(_, row)| OutboxRow::decode(row).and_then(OutboxRow::held).expect("ours"))
        .collect();
    let last = held.iter().map(|held| held.operation.dot.seq).max().expect("sealed");
    let mut device = DeviceState { acked: last, safe: last, ..phone.device() };
    let mut changes = Vec::new();
    if pulled {
        let own: Vec<view::Held> =
            held.into_iter().filter(|held| held.operation.record == record).collect();
        let state = view::handed_over(&phone.device(), None, &own).expect("a record");
        let state = RecordState { received_ms: 1, changed_ms: 1, ..state };
        device = DeviceState { included: last, generation: 1, complete: 1, ..device };
        let base = view::Base { state, included: last, generation: 1 };
        changes.push(Change::Put(Store::Base, record.into(), codec::encode(&base)));
        changes.extend(rows.into_iter().map(|(key, _)| Change::Delete(Store::Outbox, key)));
    }
    changes.push(outbox::put_device(&device));
    block_on(phone.storage.write(changes)).expect("memory writes");
    block_on(phone.records.reload()).expect("memory reads");
}

/// The number of people that the next visit of a household finds in the list.
fn found(visit: &Phone, household: &str) -> String {
    let entry = begin(visit);
    entry.answer(question(entry, "ho"), household);
    value(entry, "thay")
}

/// A visit that says what its list says.
fn finding() -> String {
    let thay = "<bind nodeset=\"/data/thay\" type=\"string\" calculate=\"instance('ho_dan')/root/item[name = /data/ho ]/so_nguoi\"/></model>";
    visiting()
        .replace("<ho/>", "<ho/><thay/>")
        .replace("</model>", thay)
        .replace("</h:body>", "<input ref=\"/data/thay\"><label>Thấy</label></input></h:body>")
}

fn offered(entry: FormEntry, path: &str) -> Vec<(String, String)> {
    let choices = entry.choices(question(entry, path)).get_untracked();
    choices.iter().map(|choice| (choice.value.clone(), choice.label.text.clone())).collect()
}

#[test]
fn what_submitted_records_register_is_offered_by_the_next_form_without_a_network() {
    Owner::new().with(|| {
        let (registering, visiting) = (registering(), visiting());
        let phone = Phone::filling_in(&registering);
        hold(&phone, &registering);
        hold(&phone, &visiting);
        register(&phone, "Lan", "4");
        register(&phone, "Hoa", "2");
        // One that is not submitted registers nobody.
        let draft = begin(&phone);
        draft.answer(question(draft, "ten"), "Mai");
        block_on(draft.save_now()).expect("stored");

        let visit = phone.with_form(&visiting);
        let entry = begin(&visit);
        let mut households = offered(entry, "ho");
        households.sort();
        let pair = |(id, label): (&str, &str)| (id.to_owned(), label.to_owned());
        assert_eq!(households, [("ho-Hoa", "Hộ Hoa"), ("ho-Lan", "Hộ Lan")].map(pair));
        entry.answer(question(entry, "ho"), "ho-Lan");
        entry.answer(question(entry, "nguoi"), "5");
        let fields = entry.relevant_fields();
        assert_eq!(fields.get("meta/entity/@baseVersion").map(String::as_str), Some("1"));
        block_on(entry.submit()).expect("complete");

        let next = begin(&visit);
        next.answer(question(next, "ho"), "ho-Lan");
        let fields = next.relevant_fields();
        let version = fields.get("meta/entity/@baseVersion").map(String::as_str);
        assert_eq!(version, Some("2"), "the visit changed the household");
    });
}

#[test]
fn what_the_server_told_is_the_list_and_what_it_has_not_taken_is_added() {
    Owner::new().with(|| {
        let (registering, visiting) = (registering(), visiting());
        let phone = Phone::filling_in(&registering);
        hold(&phone, &registering);
        hold(&phone, &visiting);
        register(&phone, "Lan", "4");
        told(&phone, i64::MAX, "ho-Hoa,Hộ Hoa,3,2\n");
        let entry = begin(&phone.with_form(&visiting));
        let pair = |(id, label): (&str, &str)| (id.to_owned(), label.to_owned());
        let both = [("ho-Hoa", "Hộ Hoa"), ("ho-Lan", "Hộ Lan")].map(pair);
        assert_eq!(offered(entry, "ho"), both, "what is not sent is not in the server's list");
        let line = record_id::hexadecimal(&phone.device().device.0);
        let says = |entry: FormEntry, base: &str, line: &str| {
            entry.answer(question(entry, "ho"), "ho-Hoa");
            let fields = entry.relevant_fields();
            for (said, wanted) in [("base", base), ("trunk", "3")] {
                assert_eq!(fields[&format!("meta/entity/@{said}Version")], wanted, "{said}");
            }
            assert_eq!(fields["meta/entity/@branchId"], line);
        };
        says(entry, "3", &line);
        // What this phone changes before it is sent is its own line, which began at what the server told.
        entry.answer(question(entry, "nguoi"), "5");
        block_on(entry.submit()).expect("complete");
        says(begin(&phone.with_form(&visiting)), "4", &line);
        // It is called something else since, as a copy is: the line is still theirs who began it, and of nobody else.
        let device = DeviceState { device: DeviceId([9; 16]), ..phone.device() };
        let put = outbox::put_device(&device);
        block_on(phone.storage.write(vec![put])).expect("memory writes");
        block_on(phone.records.reload()).expect("memory reads");
        let visit = phone.with_form(&visiting);
        says(begin(&visit), "4", &line);
        let other = open_by("binh", &visit, record_id::new(), Beginning::New);
        says(other, "4", &record_id::hexadecimal(&device.device.0));
        // It took the record, and told of it: it is there once.
        told(&phone, i64::MAX, "ho-Hoa,Hộ Hoa,3,2\nho-Lan,Hộ Lan,1,4\n");
        assert_eq!(offered(begin(&phone.with_form(&visiting)), "ho"), both);
    });
}

#[test]
fn what_the_server_took_is_in_the_list_until_a_pull_brings_it_whatever_the_clocks() {
    Owner::new().with(|| {
        let (registering, visiting) = (registering(), visiting());
        let phone = Phone::filling_in(&registering);
        hold(&phone, &registering);
        hold(&phone, &visiting);
        let entry = register(&phone, "Lan", "4");
        told(&phone, clock::now_ms() + 3_600_000, "ho-Hoa,Hộ Hoa,3,2\n");
        synced(&phone, entry.record(), false);
        assert_eq!(offered(begin(&phone.with_form(&visiting)), "ho").len(), 2);
    });
}

#[test]
fn what_is_put_right_in_a_record_is_in_the_list_and_nothing_else_of_it() {
    Owner::new().with(|| {
        let (registering, finding) = (registering(), finding());
        let phone = Phone::filling_in(&registering);
        hold(&phone, &registering);
        hold(&phone, &finding);
        let visit = phone.with_form(&finding);
        let id = register(&phone, "Lan", "4").record();
        synced(&phone, id, true);
        told(&phone, 1, "ho-Lan,Hộ Lan,1,4\n");
        assert_eq!(found(&visit, "ho-Lan"), "4");
        let mended = open_as(&phone, id, Beginning::Over);
        mended.answer(question(mended, "nguoi"), "5");
        block_on(mended.save_now()).expect("stored");
        assert_eq!(found(&visit, "ho-Lan"), "5", "it was mended on this phone");
        // Somebody visited them meanwhile, and the number is put back: it is no news any more.
        mended.answer(question(mended, "nguoi"), "4");
        block_on(mended.save_now()).expect("stored");
        told(&phone, 1, "ho-Lan,Hộ Lan,2,6\n");
        assert_eq!(found(&visit, "ho-Lan"), "6");
    });
}

#[test]
fn a_record_that_is_opened_again_does_not_find_its_own_effect() {
    Owner::new().with(|| {
        let registering = registering();
        let visiting = visiting().replace("<ho/>", "<ho/><them/>").replace(
            "type=\"int\" entities:saveto",
            "type=\"int\" calculate=\"instance('ho_dan')/root/item[name = /data/ho ]/so_nguoi + /data/them\" entities:saveto",
        ).replace("</h:body>", "<input ref=\"/data/them\"><label>Thêm</label></input></h:body>");
        let phone = Phone::filling_in(&registering);
        hold(&phone, &registering);
        hold(&phone, &visiting);
        register(&phone, "Lan", "4");
        let visit = phone.with_form(&visiting);
        let entry = begin(&visit);
        entry.answer(question(entry, "ho"), "ho-Lan");
        entry.answer(question(entry, "them"), "1");
        assert_eq!(value(entry, "nguoi"), "5");
        block_on(entry.submit()).expect("complete");
        let again = open_as(&visit, entry.record(), Beginning::Over);
        assert_eq!(value(again, "nguoi"), "5");
        again.answer(question(again, "them"), "2");
        assert_eq!(value(again, "nguoi"), "6");
    });
}

#[test]
fn a_list_that_came_with_the_form_waits_for_no_records() {
    Owner::new().with(|| {
        let visiting = visiting().replace("ho_dan", "xa");
        let phone = Phone::filling_in(&visiting.replace("dataset=\"xa\"", "dataset=\"khac\""));
        let mut files = form::Resources::default();
        let csv = "name,label,__version\nbq,Bảo Quang,1\n";
        files.files.insert("jr://file-csv/xa.csv".to_owned(), csv.to_owned());
        let program = Arc::new(phone.program.with_files(&files).expect("it reads"));
        let phone = Phone { program, ..phone };
        assert_eq!(offered(begin(&phone), "ho").len(), 1);
        assert!(!phone.records.is_whole().get_untracked());
    });
}

#[test]
fn a_list_that_no_form_makes_is_left_to_the_form_itself() {
    Owner::new().with(|| {
        let visiting = visiting().replace("ho_dan\" id", "khac\" id");
        let phone = Phone::filling_in(&visiting);
        hold(&phone, &visiting);
        assert!(offered(begin(&phone), "ho").is_empty());
    });
}

#[test]
fn a_new_record_begins_with_what_the_last_submitted_one_of_the_form_said() {
    Owner::new().with(|| {
        let phone = Phone::filling_in(REPEATING);
        hold(&phone, REPEATING);
        let first = begin(&phone);
        assert_eq!(value(first, "xa"), "");
        first.answer(question(first, "xa"), "Bảo Quang");
        block_on(first.save_now()).expect("stored");
        assert_eq!(value(begin(&phone), "xa"), "", "it is not submitted");
        block_on(first.submit()).expect("complete");
        assert_eq!(value(begin(&phone), "xa"), "Bảo Quang");
        let second = begin(&phone);
        second.answer(question(second, "xa"), "Xuân An");
        block_on(second.submit()).expect("complete");
        let after = begin_as(&phone, Beginning::After(first.record()));
        assert_eq!(value(after, "xa"), "Bảo Quang", "it goes on from that one");
    });
}

#[test]
fn the_last_record_is_the_one_that_was_begun_last_whatever_is_done_to_others_since() {
    Owner::new().with(|| {
        clock::let_run();
        let phone = Phone::filling_in(REPEATING);
        hold(&phone, REPEATING);
        let [first, _second] = ["Bảo Quang", "Xuân An"].map(|commune| {
            let entry = begin(&phone);
            entry.answer(question(entry, "xa"), commune);
            block_on(entry.submit()).expect("complete");
            entry
        });
        let mended = open_as(&phone, first.record(), Beginning::Over);
        phone.seal(mended, question(mended, "so"), "3");
        assert_eq!(value(begin(&phone), "xa"), "Xuân An");
    });
}

#[test]
fn a_new_record_waits_neither_for_the_whole_list_nor_for_the_form_of_the_last_one() {
    Owner::new().with(|| {
        let phone = Phone::filling_in(REPEATING);
        let first = phone.open(record_id::new());
        first.answer(question(first, "xa"), "Bảo Quang");
        block_on(first.submit()).expect("complete");
        assert_eq!(value(begin(&phone), "xa"), "", "its form is not on this phone");
        hold(&phone, REPEATING);
        assert_eq!(value(begin(&phone), "xa"), "Bảo Quang");
        assert!(!phone.records.is_whole().get_untracked(), "it was at hand");
    });
}

#[test]
fn a_record_that_is_there_is_not_told_what_it_could_have_begun_with() {
    Owner::new().with(|| {
        let phone = Phone::filling_in(REPEATING);
        hold(&phone, REPEATING);
        let first = begin(&phone);
        first.answer(question(first, "xa"), "Bảo Quang");
        block_on(first.submit()).expect("complete");
        let opened = |form: &str| {
            let phone = phone.with_form(form);
            let library = block_on(Library::load(phone.storage.clone())).expect("memory reads");
            let as_it_was = phone.program.clone();
            let id = record_id::new();
            let program =
                with_own_files(phone.program, library, phone.records, id, "an", Beginning::Over);
            Arc::ptr_eq(&block_on(program).expect("memory reads"), &as_it_was)
        };
        assert!(opened(REPEATING), "nothing in it reads that any more");
        let shown = REPEATING
            .replace("<label>Số", "<label><output value=\"instance('__last-saved')/data/xa\"/> Số");
        assert!(!opened(&shown), "a label goes on saying it");
    });
}

#[test]
fn the_place_where_a_form_is_opened_is_stored_with_the_first_answer() {
    let form = REPEATING
        .replace("<xa/>", "<xa/><luc_mo/>")
        .replace("<bind nodeset=\"/data/so\"", "<bind nodeset=\"/data/luc_mo\" type=\"geopoint\"/><odk:setgeopoint xmlns:odk=\"http://www.opendatakit.org/xforms\" ref=\"/data/luc_mo\" event=\"odk-instance-first-load\"/><bind nodeset=\"/data/so\"");
    Owner::new().with(|| {
        let phone = Phone::filling_in(&form);
        let entry = phone.open(record_id::new());
        entry.arrive("10.93 107.24 0 5", None, true);
        block_on(entry.save_now()).expect("nothing to do");
        assert_eq!(block_on(phone.storage.all(Store::Open)), Ok(Vec::new()), "only looked at");
        entry.answer(question(entry, "xa"), "Bảo Quang");
        block_on(entry.save_now()).expect("stored");
        let view = block_on(phone.records.view(entry.record())).expect("read").expect("a record");
        assert_eq!(view.fields.get("luc_mo"), Some(&Value::Text("10.93 107.24 0.0 5.0".into())));
    });
}
