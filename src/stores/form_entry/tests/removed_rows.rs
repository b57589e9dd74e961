//! Rows that are removed and brought back.

use super::*;

#[test]
fn a_removed_row_comes_back_with_what_stood_in_it() {
    run(|phone| {
        let id = record_id::new();
        let entry = phone.open(id);
        let repeat = question(entry, "nguoi");
        let row = entry.add_row(repeat).expect("a row");
        let path = entry.session.with_value(|session| session.path(row));
        entry.answer(question(entry, &format!("{path}/ho_ten")), "Đặng Thị Hường");
        let next = entry.add_row(repeat).expect("a row");
        block_on(entry.save_now()).expect("stored");
        let removed = entry.remove_row(row).expect("removed");
        block_on(entry.save_now()).expect("stored");
        let name = format!("{path}/ho_ten");
        assert!(entry.session.with_value(|session| session.find(&name)).is_none());
        entry.restore_row(&removed);
        block_on(entry.save_now()).expect("stored");
        let again = question(entry, &path);
        assert_eq!(entry.children(repeat).get_untracked(), [again, next], "where it stood");
        assert_eq!(value(phone.open(id), &format!("{path}/ho_ten")), "Đặng Thị Hường");
    });
}

/// Rows with all that answers do not bring back: a default that was taken away, what a rule locks, what an action set once, an
/// entity, and rows that are counted before the number that counts them.
const ROWS: &str = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>F</h:title><model>
    <instance><data id="ho" version="1"><ho jr:template=""><a_con jr:template=""><ten/></a_con><khoa/><mac_dinh>1</mac_dinh><so/><theo/>
      <meta><entity dataset="ho_dan" id="" create="1"><label/></entity></meta></ho><tong/></data></instance>
    <bind nodeset="/data/ho/khoa" type="string" readonly="../so != ''"/><bind nodeset="/data/ho/so" type="int"/>
    <bind nodeset="/data/ho/meta/entity/@id" type="string"/><bind nodeset="/data/tong" calculate="count(/data/ho/a_con[ten != ''])"/></model></h:head>
    <h:body><group ref="/data/ho"><repeat nodeset="/data/ho">
      <setvalue event="odk-new-repeat" ref="/data/ho/meta/entity/@id" value="uuid()"/>
      <group ref="/data/ho/a_con"><repeat nodeset="/data/ho/a_con" jr:count="../so"><input ref="/data/ho/a_con/ten"/></repeat></group>
      <input ref="/data/ho/khoa"/><input ref="/data/ho/mac_dinh"/>
      <input ref="/data/ho/so"><setvalue event="xforms-value-changed" ref="/data/ho/theo" value="concat('mới ', ../so)"/></input>
      <input ref="/data/ho/theo"/>
    </repeat></group></h:body></h:html>"#;

#[test]
fn a_removed_row_comes_back_exactly_as_it_was() {
    Owner::new().with(|| {
        let phone = Phone::filling_in(ROWS);
        let entry = phone.open(record_id::new());
        let row = entry.add_row(question(entry, "ho")).expect("a row");
        let path = entry.session.with_value(|session| session.path(row));
        for (name, text) in
            [("mac_dinh", ""), ("khoa", "K"), ("so", "2"), ("a_con[2]/ten", "Út"), ("theo", "tay")]
        {
            entry.answer(question(entry, &format!("{path}/{name}")), text);
        }
        block_on(entry.save_now()).expect("stored");
        let fields = || entry.session.with_value(Session::fields);
        let stored = || block_on(phone.records.view(entry.record())).expect("read");
        let (before, stood) = (fields(), stored().expect("a record").fields);
        let removed = entry.remove_row(row).expect("removed");
        block_on(entry.save_now()).expect("stored");
        assert_eq!(fields().get("tong").map(String::as_str), Some("0"));
        entry.restore_row(&removed);
        block_on(entry.save_now()).expect("stored");
        assert_eq!(fields(), before);
        assert_eq!(stored().expect("a record").fields, stood);
    });
}
