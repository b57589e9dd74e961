//! Lists of people: many at once, and those of one session in the next.

use std::collections::BTreeMap;

use form::{NewRow, Session};

use crate::dsl::{Drive, environment, program, start};

const DATA: &str = r#"<kt/><max/><hv jr:template=""><ten/><nhom><sinh/><dong_y/><dan_toc/></nhom><tt>co</tt><gio/><ra/><diem/><muc/><ly_do/><ky/><ok/><tinh/></hv>
    <hv><ten/><nhom><sinh/><dong_y/><dan_toc/></nhom><tt>co</tt><gio/><ra/><diem/><muc/><ly_do/><ky/><ok/><tinh/></hv><so/>"#;
const MODEL: &str = r#"
    <bind nodeset="/data/hv/ten" type="string"/>
    <bind nodeset="/data/hv/nhom/sinh" type="int" constraint=". &gt; 1900"/>
    <bind nodeset="/data/hv/nhom/dan_toc" type="string" relevant="../dong_y = 'co'"/>
    <bind nodeset="/data/hv/gio" type="time"/>
    <bind nodeset="/data/hv/ra" type="string" relevant="../tt = 'co'"/>
    <bind nodeset="/data/hv/diem" type="int" relevant="/data/kt = 'co'"/>
    <bind nodeset="/data/hv/muc" type="int" constraint=". &lt;= /data/max"/>
    <bind nodeset="/data/hv/ly_do" type="string" relevant="../ra != ''"/>
    <bind nodeset="/data/hv/ky" type="binary"/>
    <bind nodeset="/data/hv/tinh" calculate="if(../tt = 'co', 1, 0)"/>
    <bind nodeset="/data/so" calculate="sum(/data/hv/tinh)"/>"#;
const BODY: &str = r#"<input ref="/data/kt"/><input ref="/data/max"/><group ref="/data/hv"><repeat nodeset="/data/hv">
    <input ref="/data/hv/ten"><setvalue ref="/data/hv/gio" event="xforms-value-changed" value="'08:00:00.000'"/></input>
    <group ref="/data/hv/nhom"><input ref="/data/hv/nhom/sinh"/><input ref="/data/hv/nhom/dong_y"/><input ref="/data/hv/nhom/dan_toc"/></group>
    <select1 ref="/data/hv/tt"><item><label>Có</label><value>co</value></item><item><label>Vắng</label><value>vang</value></item></select1>
    <input ref="/data/hv/gio"/><input ref="/data/hv/ra"/><input ref="/data/hv/diem"/><input ref="/data/hv/muc"/><input ref="/data/hv/ly_do"/>
    <upload ref="/data/hv/ky" mediatype="image/*"/><trigger ref="/data/hv/ok"/></repeat></group>"#;

fn named(names: &[&str]) -> Vec<NewRow> {
    let row = |name: &&str| NewRow {
        key: name.to_lowercase(),
        answers: BTreeMap::from([("ten".to_owned(), (*name).to_owned())]),
    };
    names.iter().map(row).collect()
}

/// What is answered in each row.
fn all(form: &Session, field: &str) -> Vec<String> {
    let rows = form.children(form.node("hv"));
    rows.iter().map(|row| form.value(&format!("{}/{field}", form.path(*row)))).collect()
}

#[test]
fn many_are_written_down_at_once_as_if_each_had_been_typed() {
    let mut form = start(DATA, MODEL, BODY);
    let list = form.node("hv");
    assert_eq!(form.row_name(list).as_deref(), Some("ten"));
    let blank = form.blank_rows(list);
    assert_eq!(blank.len(), 1, "the form begins with one");
    form.remove_rows(&blank).expect("it may go");
    form.take_writes();
    let before = form.evaluated();
    form.add_rows(list, &named(&["An", "Bình", "Chi"])).expect("new keys");
    assert_eq!(all(&form, "ten"), ["An", "Bình", "Chi"]);
    assert_eq!(all(&form, "gio"), ["08:00:00.000"; 3], "what waits for a name happens");
    assert_eq!(all(&form, "tt"), ["co"; 3]);
    assert_eq!(form.value("so"), "3");
    assert!(form.take_writes().contains_key("hv[chi]/ten"));
    let few = form.evaluated() - before;
    let rows: Vec<String> = (0..300).map(|number| format!("Người {number}")).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let before = form.evaluated();
    form.add_rows(list, &named(&rows)).expect("new keys");
    let many = form.evaluated() - before;
    assert!(
        many < few * 110,
        "{many} for three hundred, {few} for three: nothing is run again for each"
    );
    let rows = form.children(list);
    let changes = form.remove_rows(&rows).expect("they may go");
    assert!(changes.capacity() < rows.len() * 10, "nothing is told of each for each before it");
    assert_eq!(form.value("so"), "0");
    form.add_rows(list, &named(&["An"])).expect("its key is free again");
}

#[test]
fn columns_answer_what_everybody_is_asked_in_the_same_words() {
    let data = r#"<loai/><hv jr:template=""><ten/><sinh/><dong_y/><dan_toc/><to/><nhom/><ky_nang/><tt>co</tt><gio/></hv>"#;
    let model = r#"<instance id="to"><root><item><name>a</name><label>Tổ A</label><loai>1</loai></item></root></instance>
        <bind nodeset="/data/hv/ten" type="string"/>
        <bind nodeset="/data/hv/sinh" type="int"/>
        <bind nodeset="/data/hv/dan_toc" type="string" relevant="../dong_y = 'co'"/>
        <bind nodeset="/data/hv/gio" type="time"/>"#;
    let set = |name: &str, filter: &str| {
        format!(
            r#"<select1 ref="/data/hv/{name}"><itemset nodeset="instance('to')/root/item[loai = {filter}]"><value ref="name"/><label ref="label"/></itemset></select1>"#
        )
    };
    let body = format!(
        r#"<input ref="/data/loai"/><group ref="/data/hv"><repeat nodeset="/data/hv"><input ref="/data/hv/ten"/><input ref="/data/hv/sinh"/>
        <input ref="/data/hv/dong_y"/><input ref="/data/hv/dan_toc"/>{}{}
        <select ref="/data/hv/ky_nang"><item><label>Một</label><value>1</value></item></select>
        <select1 ref="/data/hv/tt"><item><label>Có</label><value>co</value></item></select1><input ref="/data/hv/gio"/></repeat></group>"#,
        set("to", "/data/loai"),
        set("nhom", "current()/../to"),
    );
    let form = start(data, model, &body);
    assert_eq!(form.columns(form.node("hv")), ["sinh", "dong_y", "to"]);
}

#[test]
fn whoever_is_not_as_is_taken_for_granted_is_told_with_the_question_of_it() {
    let mut form = start(DATA, MODEL, BODY);
    let list = form.node("hv");
    form.add_rows(list, &named(&["An", "Bình"])).expect("new keys");
    assert_eq!(form.departing(list), []);
    form.put("hv[bình]/tt", "vang");
    let mark = form.node("hv[bình]/tt");
    let row = form.children(list)[2];
    assert_eq!(form.departing(list), [(row, mark)]);
    form.put("hv[bình]/tt", "co");
    assert_eq!(form.departing(list), []);
}

#[test]
fn a_key_that_is_taken_adds_nothing_of_it() {
    let mut form = start(DATA, MODEL, BODY);
    let list = form.node("hv");
    let mut rows = named(&["An"]);
    rows.extend(named(&["An"]));
    form.add_rows(list, &rows).expect_err("two have one key");
    assert_eq!(all(&form, "ten"), [""]);
}

#[test]
fn the_next_session_begins_with_its_people_and_with_nothing_of_the_day() {
    let mut form = start(DATA, MODEL, BODY);
    form.put("kt", "co");
    form.put("max", "10");
    let list = form.node("hv");
    form.add_rows(list, &named(&["Bình", "An"])).expect("new keys");
    for (field, text) in [
        ("nhom/sinh", "1985"),
        ("nhom/dong_y", "co"),
        ("nhom/dan_toc", "kinh"),
        ("tt", "vang"),
        ("diem", "7"),
        ("muc", "8"),
        ("ky", "1.png"),
        ("ok", "OK"),
    ] {
        form.put(&format!("hv[an]/{field}"), text);
    }
    form.put("hv[1]/ten", "Chi");
    let mut next = start(DATA, MODEL, BODY);
    let known = next.people_along(next.node("hv"), &form.relevant_fields());
    let mut written = next.take_writes();
    assert!(program(DATA, MODEL, BODY).has_roster());
    next.put("kt", "co");
    next.begin_after(&form.relevant_fields()).expect("rows may be added");
    assert_eq!(all(&next, "ten"), ["Chi", "Bình", "An"], "in their order");
    assert_eq!(
        known.iter().map(|person| &*person["ten"]).collect::<Vec<_>>(),
        ["Chi", "Bình", "An"]
    );
    assert_eq!(
        known[2].keys().collect::<Vec<_>>(),
        ["nhom/dan_toc", "nhom/dong_y", "nhom/sinh", "ten"],
        "of whoever is found among them, the same is known"
    );
    assert_eq!(next.value("hv[an]/nhom/sinh"), "1985");
    assert_eq!(next.value("hv[an]/nhom/dan_toc"), "kinh", "what it rests on goes along");
    assert_eq!(next.value("hv[an]/tt"), "co", "each is there until it is said otherwise");
    for of_the_day in ["ra", "diem", "muc", "ly_do", "ky", "ok"] {
        assert_eq!(next.value(&format!("hv[an]/{of_the_day}")), "", "{of_the_day}");
    }
    assert_eq!(next.value("hv[an]/gio"), "08:00:00.000", "they came now");
    assert_eq!(next.value("so"), "3");
    let stored = next.fields();
    written.extend(next.take_writes());
    written.retain(|_, text| text.is_some());
    assert!(
        written.into_keys().eq(stored.keys().cloned()),
        "the row of the same key is written anew"
    );
    let again = Session::resume(program(DATA, MODEL, BODY), environment(), &stored);
    assert_eq!(again.fields(), stored);
}

#[test]
fn what_is_asked_at_each_session_anew_is_told_as_far_as_it_is_asked_what_is_marked_first() {
    let mut form = start(DATA, MODEL, BODY);
    let list = form.node("hv");
    assert_eq!(form.of_the_day(list), ["tt", "ra", "muc", "ky", "ok"]);
    form.put("kt", "co");
    form.put("hv[1]/tt", "vang");
    assert_eq!(form.of_the_day(list), ["tt", "diem", "muc", "ky", "ok"]);
    form.add_rows(list, &named(&["An"])).expect("a new key");
    assert_eq!(form.of_the_day(list), ["tt", "ra", "diem", "muc", "ky", "ok"], "of anybody");
}

#[test]
fn rows_that_nothing_is_taken_for_granted_of_are_no_list_of_people() {
    let data = DATA.replace("<tt>co</tt>", "<tt/>");
    assert!(!program(&data, MODEL, BODY).has_roster());
    let mut form = start(DATA, MODEL, BODY);
    form.put("hv[1]/ten", "An");
    let mut next = start(&data, MODEL, BODY);
    next.begin_after(&form.relevant_fields()).expect("nothing to do");
    assert_eq!(all(&next, "ten"), [""]);
    let first = BODY.replacen(
        r#"<input ref="/data/hv/ten">"#,
        r#"<input ref="/data/hv/ra"/><input ref="/data/hv/ten">"#,
        1,
    );
    let other = start(DATA, MODEL, &first);
    assert_eq!(other.row_name(other.node("hv")), None, "it is not always asked");
}

/// A list of people, with what else the model and the body say.
fn list(model: &str, body: &str) -> Session {
    let mut form = start(
        r#"<moi/><hv jr:template=""><ten/><tt>co</tt><nu>0</nu></hv><so/><nu/><tb/><ghi/>"#,
        &format!(
            r#"<bind nodeset="/data/moi" type="int"/><bind nodeset="/data/hv/ten" type="string"/>{model}"#
        ),
        &format!(
            r#"<input ref="/data/moi"/><group ref="/data/hv"><repeat nodeset="/data/hv"><input ref="/data/hv/ten"/>
            <select1 ref="/data/hv/tt"><item><label>Có mặt (đúng giờ)</label><value>co</value></item><item><label>Vắng</label><value>vang</value></item></select1>
            <input ref="/data/hv/nu"/></repeat></group>{body}"#
        ),
    );
    let rows = form.node("hv");
    let blank = form.blank_rows(rows);
    form.remove_rows(&blank).expect("it may go");
    form.add_rows(rows, &named(&["An", "Bình", "Chi"])).expect("new keys");
    form
}

fn told(form: &Session) -> Vec<String> {
    let figures = form.figures(form.node("hv")).into_iter();
    figures.map(|figure| format!("{} {}", figure.label, figure.value)).collect()
}

const COUNTS: &str = r#"
    <bind nodeset="/data/so" calculate="count(/data/hv[tt = 'co'])"/>
    <bind nodeset="/data/nu" type="int" readonly="true()" calculate="sum(/data/hv/nu)"/>
    <bind nodeset="/data/tb" calculate="round(/data/nu div /data/so, 1)"/>
    <bind nodeset="/data/ghi" type="string" readonly="true()" relevant="/data/moi != 9"/>"#;
const NOTE: &str = r#"<input ref="/data/ghi"><label>Có mặt: **<output value="/data/so"/>/<output value="/data/moi"/>** (<output value="/data/tb"/>, tính tròn).
    nữ, như đã khai: **<output value="/data/nu"/>**, bình quân: <output value="/data/tb"/>. Mời <output value="/data/moi"/>.</label></input>"#;

#[test]
fn the_counts_that_a_note_tells_of_a_list_are_told_beside_it_without_the_rest_of_the_note() {
    let mut form = list(COUNTS, NOTE);
    form.put("moi", "40");
    assert_eq!(told(&form), ["Có mặt 3/40", "Nữ, như đã khai 0"]);
    let changes = form.put("hv[chi]/tt", "vang");
    form.put("hv[an]/nu", "1");
    assert_eq!(told(&form), ["Có mặt 2/40", "Nữ, như đã khai 1"]);
    let tellers = form.tellers(form.node("hv"));
    assert_eq!(tellers, [form.node("ghi")]);
    assert!(changes.iter().any(|change| change.node == tellers[0]), "whoever watches is told");
    form.put("hv[an]/nu", "");
    assert_eq!(told(&form), ["Có mặt 2/40"], "what is no number is told to nobody");
    form.put("moi", "");
    assert_eq!(told(&form)[0], "Có mặt 2", "of how many is not known");
    form.put("moi", "9");
    assert_eq!(told(&form), ["Có mặt 2/3"], "nobody is told what is not relevant");
}

#[test]
fn a_count_that_stands_in_the_form_as_an_answer_is_told_by_its_label() {
    let form =
        list(COUNTS, r#"<input ref="/data/nu"><label>Số nữ (trong số có mặt):</label></input>"#);
    assert_eq!(told(&form), ["Số nữ 0"]);
    let mean = list(COUNTS, r#"<input ref="/data/tb"><label>Bình quân</label></input>"#);
    assert_eq!(told(&mean), ["Có mặt 3/3"], "a mean is no count");
}

#[test]
fn what_is_worked_out_from_itself_is_no_count() {
    let own = COUNTS.replace("sum(/data/hv/nu)", ".");
    let form = list(&own, r#"<input ref="/data/nu"><label>Số nữ</label></input>"#);
    assert_eq!(told(&form), ["Có mặt 3/3"]);
}

#[test]
fn where_a_form_counts_nobody_those_are_counted_of_whom_holds_what_is_taken_for_granted() {
    let mut form = list("", "");
    assert_eq!(told(&form), ["Có mặt 3/3"]);
    form.put("hv[an]/tt", "vang");
    assert_eq!(told(&form), ["Có mặt 2/3"]);
    form.add_row(form.node("hv"), "moi").expect("a new key");
    assert_eq!(told(&form), ["Có mặt 2/3"], "a row without a name is nobody");
    assert_eq!(form.tellers(form.node("hv")), []);
    let all = form.children(form.node("hv"));
    form.remove_rows(&all).expect("they may go");
    assert_eq!(told(&form), Vec::<String>::new());
}

#[test]
fn whoever_stands_as_the_form_takes_it_for_granted_once_they_are_called_is_as_most_are() {
    for (rule, departs) in [("true()", [false, true, true]), (". != 'co'", [false, false, true])] {
        let bind = format!(r#"<bind nodeset="/data/hv/tt" type="string" constraint="{rule}"/>"#);
        let mut form = list(&bind, "");
        for (value, departs) in ["co", "vang", "khac"].into_iter().zip(departs) {
            form.put("hv[an]/tt", value);
            let told = form.departs_from_default(form.node("hv[an]/tt"));
            assert_eq!(told, departs, "{rule} {value}");
        }
    }
}

#[test]
fn a_code_leads_to_the_row_in_which_it_was_scanned_before_any_that_has_it_as_a_text() {
    let mut form = list(r#"<bind nodeset="/data/hv/nu" type="barcode"/>"#, "");
    let rows = form.node("hv");
    assert!(form.has_codes(rows));
    let row = |form: &Session, code: &str| form.row_with(rows, code).map(|row| form.path(row));
    form.put("hv[an]/ten", "8934");
    assert_eq!(row(&form, "8934").as_deref(), Some("hv[an]"));
    form.put("hv[chi]/nu", "8934");
    assert_eq!(row(&form, " 8934").as_deref(), Some("hv[chi]"));
    assert_eq!(row(&form, "BÌNH").as_deref(), Some("hv[bình]"), "it is called so");
    assert_eq!(row(&form, "893"), None);
    assert_eq!(row(&form, "co"), None, "what is marked is no code");
    form.put("hv[bình]/ten", "");
    assert_eq!(row(&form, " "), None, "nothing is no code either");
    assert!(!list("", "").has_codes(rows));
}

#[test]
fn the_code_of_an_identity_card_leads_to_whoever_is_called_as_it_says() {
    let mut form = list(r#"<bind nodeset="/data/hv/nu" type="barcode"/>"#, "");
    let rows = form.node("hv");
    let row = |form: &Session, code: &str| form.row_with(rows, code).map(|row| form.path(row));
    form.put("hv[an]/ten", "Nguyễn Văn An");
    let card = "079085001234||NGUYỄN VĂN AN|05031985|Nam|12 Hùng Vương, Long Khánh|01012022";
    assert_eq!(row(&form, card).as_deref(), Some("hv[an]"));
    assert_eq!(row(&form, &card.replace("AN", "ANH")), None, "a part of a name is no name");
    form.put("hv[chi]/nu", "079085001234");
    assert_eq!(row(&form, card).as_deref(), Some("hv[chi]"), "the number says more than the name");
    form.put("hv[chi]/ten", "");
    form.put("hv[chi]/nu", "");
    assert_eq!(row(&form, "1||2"), None, "an empty part is nobody");
    let mut form = start(DATA, MODEL, BODY);
    let list = form.node("hv");
    let namesakes = named(&["Lan", "LAN", "lan"]).into_iter().zip(["a", "b", "c"]);
    let namesakes: Vec<_> =
        namesakes.map(|(row, key)| NewRow { key: key.to_owned(), ..row }).collect();
    form.add_rows(list, &namesakes).expect("new keys");
    form.put("hv[a]/nhom/sinh", "1990");
    form.put("hv[b]/nhom/sinh", "1985");
    let row = |code: &str| form.row_with(list, code).map(|row| form.path(row));
    assert_eq!(row("079||Lan|05031985|Nữ").as_deref(), Some("hv[b]"), "of namesakes by the year");
    assert_eq!(row("079||Lan|05031970|Nữ").as_deref(), Some("hv[a]"), "else the first");
}
