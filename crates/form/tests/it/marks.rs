//! What is marked of each person in a list, one by one and all that are left.

use std::collections::BTreeMap;

use form::{NewRow, Session};

use crate::dsl::{Drive, start};

const BODY: &str = r#"<group ref="/data/hv"><repeat nodeset="/data/hv"><input ref="/data/hv/ten"/>
    <select1 ref="/data/hv/tt"><item><label>Chưa điểm danh</label><value>chua</value></item>
    <item><label>Có mặt</label><value>co</value></item><item><label>Vắng</label><value>vang</value></item></select1></repeat></group>"#;

/// A list of An and Bình, and of somebody without a name.
fn list(rule: &str) -> Session {
    let mut form = start(
        r#"<hv jr:template=""><ten/><tt>chua</tt><co/></hv>"#,
        &format!(
            r#"<bind nodeset="/data/hv/ten" type="string"/><bind nodeset="/data/hv/tt" type="string" {rule}/>
            <bind nodeset="/data/hv/co" calculate="number(../tt = 'co')"/>"#
        ),
        BODY,
    );
    let row = |name: &str| NewRow {
        key: name.to_lowercase(),
        answers: BTreeMap::from([("ten".to_owned(), name.to_owned())]),
    };
    let list = form.node("hv");
    form.remove_rows(&form.blank_rows(list)).expect("they may go");
    form.add_rows(list, &[row("An"), row("Bình")]).expect("new keys");
    form.add_row(list, "moi").expect("a new key");
    form
}

const REFUSED: &str = r#"constraint=". != 'chua'""#;

fn told(form: &Session) -> Vec<String> {
    let figures = form.figures(form.node("hv")).into_iter();
    figures.map(|figure| format!("{} {}", figure.label, figure.value)).collect()
}

#[test]
fn where_the_form_does_not_accept_what_it_answered_itself_one_press_gives_the_next_choice() {
    let mut form = list(REFUSED);
    let (an, binh) = (form.node("hv[an]/tt"), form.node("hv[bình]/tt"));
    assert_eq!(form.unmarked(an).as_deref(), Some("co"));
    assert_eq!(form.all_unmarked(form.node("hv")), [an, binh], "who has no name is nobody");
    assert_eq!(told(&form), ["Có mặt 0/2"]);
    assert!(!form.departs_from_default(an));
    form.put("hv[an]/tt", "co");
    assert_eq!(form.unmarked(an), None, "somebody said it");
    assert!(!form.departs_from_default(an), "as most are");
    assert_eq!(told(&form), ["Có mặt 1/2"]);
    form.put("hv[an]/tt", "vang");
    assert!(form.departs_from_default(an));
    assert_eq!(form.all_unmarked(form.node("hv")), [binh]);
    form.put("hv[an]/tt", "chua");
    assert_eq!(form.unmarked(an).as_deref(), Some("co"), "it is taken back");
}

#[test]
fn what_the_form_accepts_is_marked_by_nobodys_silence() {
    let mut form = list("");
    let an = form.node("hv[an]/tt");
    assert_eq!(form.unmarked(an), None);
    assert_eq!(form.all_unmarked(form.node("hv")), []);
    assert_eq!(told(&form), ["Chưa điểm danh 2/2"]);
    form.put("hv[an]/tt", "co");
    assert!(form.departs_from_default(an));
}

#[test]
fn many_answers_at_once_are_worked_out_once_and_what_is_gone_is_passed_over() {
    let mut form = list(REFUSED);
    let [an, binh] = ["hv[an]/tt", "hv[bình]/tt"].map(|path| form.node(path));
    let before = form.answers_beside(an);
    assert_eq!(before.len(), 2, "{before:?}");
    assert!(before.contains(&(an, "chua".to_owned())));
    form.remove_row(form.node("hv[bình]")).expect("it may go");
    let changes = form.answer_all(&[(an, "co".to_owned()), (binh, "co".to_owned())]);
    assert!(changes.iter().any(|change| change.node == an));
    assert_eq!([form.value("hv[an]/tt"), form.value("hv[an]/co")], ["co", "1"]);
}
