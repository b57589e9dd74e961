//! Entities as data of the finished record, and the lists that they change.

use std::slice;

use form::{EntityChange, Resources, Session, apply_to_list};

use crate::dsl::{Drive, environment, inputs, program, start, try_compile, xform};

const NS: &str = r#"xmlns:entities="http://www.opendatakit.org/xforms/entities""#;

fn model(condition: &str) -> String {
    format!(
        r#"<bind {NS} nodeset="/data/name" entities:saveto="full_name"/>
        <bind {NS} nodeset="/data/age" type="int" relevant="/data/name != ''" entities:saveto="age"/>
        <bind nodeset="/data/meta/entity/@id" calculate="'7b2f'"/>
        <bind nodeset="/data/meta/entity/@create" calculate="{condition}"/>
        <bind nodeset="/data/meta/entity/label" calculate="concat(/data/name, ' (', /data/age, ')')"/>"#
    )
}

const DATA: &str =
    r#"<name/><age/><meta><entity dataset="people" id="" create=""><label/></entity></meta>"#;

#[test]
fn a_finished_record_says_which_entity_it_makes() {
    let mut form = start(DATA, &model("if(/data/name != 'x', 1, '')"), &inputs(&["name", "age"]));
    form.put("name", "Lan");
    form.put("age", "31");
    let [made] = <[EntityChange; 1]>::try_from(form.entities()).expect("one");
    assert_eq!((made.dataset.as_str(), made.id.as_str()), ("people", "7b2f"));
    assert!(made.create && !made.update);
    assert_eq!(made.label.as_deref(), Some("Lan (31)"));
    let properties = [("full_name", "Lan"), ("age", "31")];
    assert_eq!(made.properties, properties.map(|(n, v)| (n.to_owned(), v.to_owned())));
    form.put("name", "");
    let made = form.entities();
    assert_eq!(made[0].properties.len(), 1, "what is not relevant is not saved");
    form.put("name", "x");
    assert!(form.entities().is_empty());
}

#[test]
fn each_row_makes_an_entity_of_its_own() {
    let mut form = start(
        r#"<row jr:template=""><tree/><meta><entity dataset="trees" id="" create="1"><label/></entity></meta></row>
           <site/><meta><entity dataset="sites" id="s1" update="1" baseVersion="3"/></meta>"#,
        &format!(
            r#"<bind {NS} nodeset="/data/row/tree" entities:saveto="trees#species"/>
            <bind {NS} nodeset="/data/site" entities:saveto="sites#name"/>
            <bind nodeset="/data/row/meta/entity/@id" calculate="concat('t', position(../../..))"/>
            <bind nodeset="/data/row/meta/entity/label" calculate="../../../tree"/>"#
        ),
        r#"<repeat nodeset="/data/row"><input ref="/data/row/tree"/></repeat><input ref="/data/site"/>"#,
    );
    for (key, tree) in [("a", "sầu riêng"), ("b", "chôm chôm")] {
        form.add_row(form.node("row"), key).expect("a new key");
        form.put(&format!("row[{key}]/tree"), tree);
    }
    form.put("site", "Long Khánh");
    let told: Vec<(String, String, String)> = form
        .entities()
        .into_iter()
        .map(|e| {
            (e.dataset, e.id, e.properties.into_iter().map(|(n, v)| format!("{n}={v}")).collect())
        })
        .collect();
    let wanted = [
        ("trees", "t1", "species=sầu riêng"),
        ("trees", "t2", "species=chôm chôm"),
        ("sites", "s1", "name=Long Khánh"),
    ];
    assert_eq!(told, wanted.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
    assert_eq!(form.entities()[2].base_version, "3");
}

/// Two goods handed out of one store.
#[test]
fn what_a_group_saves_to_its_own_entity_is_not_the_outer_ones() {
    let mut form = start(
        r#"<name/><place/><g><shop/><place/><meta><entity dataset="shops" id="s1" create="1"><label/></entity></meta></g>
           <meta><entity dataset="homes" id="h1" create="1"><label/></entity></meta>"#,
        &format!(
            r#"<bind {NS} nodeset="/data/name" entities:saveto="name"/><bind {NS} nodeset="/data/place" entities:saveto="place"/>
            <bind {NS} nodeset="/data/g/shop" entities:saveto="shop"/><bind {NS} nodeset="/data/g/place" entities:saveto="place"/>"#
        ),
        r#"<input ref="/data/name"/><input ref="/data/place"/><group ref="/data/g"><input ref="/data/g/shop"/><input ref="/data/g/place"/></group>"#,
    );
    for (path, value) in
        [("name", "Hộ A"), ("place", "nhà"), ("g/shop", "Tạp hóa"), ("g/place", "chợ")]
    {
        form.put(path, value);
    }
    let told: Vec<(String, String)> = form
        .entities()
        .into_iter()
        .map(|e| (e.dataset, e.properties.into_iter().map(|(n, v)| format!("{n}={v} ")).collect()))
        .collect();
    let wanted = [("shops", "shop=Tạp hóa place=chợ "), ("homes", "name=Hộ A place=nhà ")];
    assert_eq!(told, wanted.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn entities_of_a_later_specification_are_refused() {
    let form = |version: &str| {
        xform(DATA, &model("1"), &inputs(&["name", "age"])).replacen(
            "<model",
            &format!("<model {NS} entities:entities-version=\"{version}\""),
            1,
        )
    };
    for (version, runs) in [("2024.1.0", true), ("2025.1.0", true), ("2099.1.0", false)] {
        let compiled = try_compile(&form(version), &Resources::default());
        assert_eq!(compiled.is_ok(), runs, "{version}");
    }
}

#[test]
fn what_rows_say_of_one_entity_is_one_change_of_it() {
    let mut form = start(
        r#"<row jr:template=""><left/><place/><meta><entity dataset="stores" id="k" update="1" baseVersion="3"><label/></entity></meta></row>"#,
        &format!(
            r#"<bind {NS} nodeset="/data/row/left" entities:saveto="left"/>
            <bind {NS} nodeset="/data/row/place" relevant=". != ''" entities:saveto="place"/>
            <bind nodeset="/data/row/meta/entity/label" calculate="../../../place"/>"#
        ),
        r#"<repeat nodeset="/data/row"><input ref="/data/row/left"/><input ref="/data/row/place"/></repeat>"#,
    );
    for (key, left) in [("a", "90"), ("b", "80")] {
        form.add_row(form.node("row"), key).expect("a new key");
        form.put(&format!("row[{key}]/left"), left);
    }
    let [change] = <[EntityChange; 1]>::try_from(form.entities()).expect("one");
    assert_eq!((change.base_version.as_str(), change.label), ("3", None));
    assert_eq!(change.properties, [("left".to_owned(), "80".to_owned())], "what was said last");
}

#[test]
fn a_list_on_the_phone_follows_and_the_next_form_reads_it() {
    let list = "name,label,__version,age\n\"1\",\"Hoa, Nguyễn\",2,40\n";
    let change = |id: &str, create, update| EntityChange {
        dataset: "people".to_owned(),
        id: id.to_owned(),
        create,
        update,
        base_version: String::new(),
        trunk_version: String::new(),
        branch_id: String::new(),
        label: Some(format!("\"{id}\"")),
        properties: vec![
            ("age".to_owned(), "41".to_owned()),
            ("village".to_owned(), "a\nb".to_owned()),
        ],
    };
    let made = apply_to_list(list, &[change("2", true, false)], "b");
    let changed = apply_to_list(&made, &[change("1", false, true)], "b");
    assert_eq!(
        changed,
        "name,label,__version,age,__trunkVersion,__branchId,village\n1,\"\"\"1\"\"\",3,41,2,b,\"a\nb\"\n2,\"\"\"2\"\"\",1,41,,b,\"a\nb\"\n",
        "what the server told of each, and the line of changes that began there"
    );
    assert_eq!(
        apply_to_list(&changed, &[change("9", false, true)], "b"),
        changed,
        "what is not there is not changed"
    );
    assert_eq!(
        apply_to_list(&changed, &[change("1", true, false)], "b"),
        changed,
        "what is there is not made again"
    );
    assert_eq!(
        apply_to_list("", &[change("2", true, false)], "b").lines().next(),
        Some("name,label,__version,__trunkVersion,__branchId,age,village")
    );

    // The phone was called something else at the first of two visits.
    let visit = |line: &str| EntityChange {
        label: None,
        properties: Vec::new(),
        branch_id: line.to_owned(),
        ..change("1", false, true)
    };
    let told = "name,label,__version\n1,Hoa,2\n";
    for changes in [&[visit("a")][..], &[visit("a"), visit("")], &[visit(""), visit("a")]] {
        let list = apply_to_list(told, changes, "b");
        let row = format!("1,Hoa,{},2,a\n", 2 + changes.len());
        assert!(list.ends_with(&row), "it goes on in the line that it began: {list}");
    }

    let xml = xform(
        "<who/><age/>",
        r#"<instance id="people" src="jr://file-csv/people.csv"/>
           <bind nodeset="/data/age" calculate="instance('people')/root/item[name = /data/who]/age"/>"#,
        r#"<select1 ref="/data/who"><itemset nodeset="instance('people')/root/item"><value ref="name"/><label ref="label"/></itemset></select1>"#,
    );
    let resources = Resources { files: [("people.csv".to_owned(), changed)].into() };
    let mut form = Session::start(try_compile(&xml, &resources).expect("a form"), environment());
    assert_eq!(form.values("who"), ["1", "2"]);
    form.put("who", "2");
    assert_eq!(form.value("age"), "41");
}

#[test]
fn the_record_saved_last_gives_the_next_its_defaults() {
    let xml = xform(
        "<village/><seen/>",
        r#"<instance id="__last-saved" src="jr://instance/last-saved"/>
           <setvalue ref="/data/village" event="odk-instance-first-load" value="instance('__last-saved')/data/village"/>"#,
        &inputs(&["village", "seen"]),
    );
    let program = try_compile(&xml, &Resources::default()).expect("no record was saved yet");
    let mut first = Session::start(program, environment());
    assert_eq!(first.value("village"), "");
    first.put("village", "Xuân Lập & Bảo Vinh");
    let files = [("jr://instance/last-saved".to_owned(), first.to_xml())].into();
    let program = try_compile(&xml, &Resources { files }).expect("a form");
    assert_eq!(Session::start(program, environment()).value("village"), "Xuân Lập & Bảo Vinh");
}

#[test]
fn the_place_of_the_device_is_taken_when_the_event_comes() {
    let mut form = start(
        r#"<here/><q/><there/>"#,
        r#"<bind nodeset="/data/here" type="geopoint"/><bind nodeset="/data/there" type="geopoint"/>
           <odk:setgeopoint ref="/data/here" event="odk-instance-load"/>"#,
        r#"<input ref="/data/q"><odk:setgeopoint ref="/data/there" event="xforms-value-changed"/></input>"#,
    );
    let place = |form: &Session| [form.value("here"), form.value("there")];
    assert_eq!(place(&form), ["", ""], "the device does not know where it is");
    form.arrive("10.93 107.24 150 5", true);
    assert_eq!(place(&form), ["10.93 107.24 150.0 5.0", ""]);
    let q = form.node("q");
    form.put("q", "1");
    form.arrive_at(q, "10.94 107.24 150 5");
    let found = ["10.93 107.24 150.0 5.0", "10.94 107.24 150.0 5.0"];
    assert_eq!(place(&form), found);
    form.put("q", "2");
    form.arrive_at(q, "denied");
    assert_eq!(place(&form), found);
    form.put("q", "3");
    form.arrive_at(q, "10.95 107.25 150 5");
    assert_eq!(place(&form), ["10.93 107.24 150.0 5.0", "10.95 107.25 150.0 5.0"]);
}

#[test]
fn a_place_that_is_found_after_an_answer_is_that_answers() {
    let mut form = start(
        r#"<q/><other/><there/>"#,
        r#"<bind nodeset="/data/there" type="geopoint"/>"#,
        r#"<input ref="/data/q"><odk:setgeopoint ref="/data/there" event="xforms-value-changed"/></input>
           <input ref="/data/other"/>"#,
    );
    let (q, other) = (form.node("q"), form.node("other"));
    assert_eq!([form.asks_place_at(q), form.asks_place_at(other)], [true, false]);
    form.put("q", "1");
    assert_eq!(form.value("there"), "", "nobody knows yet");
    form.arrive_at(q, "10.93 107.24 0 5");
    assert_eq!(form.value("there"), "10.93 107.24 0.0 5.0");
    form.put("q", "2");
    assert_eq!(
        form.value("there"),
        "10.93 107.24 0.0 5.0",
        "a place is not used again for another answer"
    );
    form.arrive_at(q, "11 107 0 5");
    assert_eq!(form.value("there"), "11.0 107.0 0.0 5.0");
}

#[test]
fn a_place_that_is_found_after_the_opening_is_taken_as_if_it_had_been_known() {
    const FORM: (&str, &str, &str) = (
        "<begun/><opened/><far/>",
        r#"<bind nodeset="/data/begun" type="geopoint"/><bind nodeset="/data/opened" type="geopoint"/>
           <bind nodeset="/data/far" calculate="if(/data/begun = '', 'unknown', 'known')"/>
           <odk:setgeopoint ref="/data/begun" event="odk-instance-first-load"/>
           <odk:setgeopoint ref="/data/opened" event="odk-instance-load"/>"#,
        r#"<input ref="/data/begun"/><input ref="/data/far"/>"#,
    );
    let mut form = start(FORM.0, FORM.1, FORM.2);
    assert!(form.asks_place(true) && form.asks_place(false));
    let changes = form.arrive("10.93 107.24 0 5", true);
    let place = "10.93 107.24 0.0 5.0";
    assert_eq!([form.value("begun"), form.value("opened")], [place, place]);
    assert_eq!(form.value("far"), "known");
    assert!(changes.iter().any(|change| change.node == form.node("begun")));

    let mut typed = start(FORM.0, FORM.1, FORM.2);
    typed.put("begun", "1 2 0 0");
    typed.arrive("10.93 107.24 0 5", true);
    assert_eq!(typed.value("begun"), "1.0 2.0 0.0 0.0", "an answer stays");

    let stored = typed.fields();
    let mut again = Session::resume(program(FORM.0, FORM.1, FORM.2), environment(), &stored);
    again.arrive("11.0 107.0 0 5", false);
    assert_eq!(again.value("begun"), "1.0 2.0 0.0 0.0");
    assert_eq!(again.value("opened"), "11.0 107.0 0.0 5.0", "each opening asks anew");
    assert!(!start("<q/>", "", &inputs(&["q"])).asks_place(true));
}

#[test]
fn many_changes_make_the_list_that_each_of_them_after_the_other_makes() {
    let change =
        |id: &str, create, update, label: Option<&str>, property: (&str, &str)| EntityChange {
            dataset: "people".to_owned(),
            id: id.to_owned(),
            create,
            update,
            base_version: String::new(),
            trunk_version: String::new(),
            branch_id: String::new(),
            label: label.map(str::to_owned),
            properties: vec![(property.0.to_owned(), property.1.to_owned())],
        };
    let changes = [
        change("b", true, false, Some("Bình, Nguyễn"), ("age", "20")),
        change("a", false, true, None, ("age", "1")),
        change("a", true, false, Some("An"), ("age", "30")),
        change("b", false, true, None, ("job", "nông dân")),
        change("b", true, false, Some("Khác"), ("age", "99")),
        change("c", true, true, Some("Cúc"), ("age", "")),
        change("c", true, true, Some("Cúc Hoa"), ("age", "5")),
    ];
    let one_by_one = changes
        .iter()
        .fold(String::new(), |list, change| apply_to_list(&list, slice::from_ref(change), "b"));
    let wanted = "name,label,__version,__trunkVersion,__branchId,age,job\nb,\"Bình, Nguyễn\",2,,b,20,nông dân\na,An,1,,b,30,\nc,Cúc Hoa,2,,b,5,\n";
    assert_eq!(apply_to_list("", &changes, "b"), wanted);
    assert_eq!(one_by_one, wanted);
    // The same over a list that is there already.
    let told = "name,label,__version,town\nz,Dũng,4,Xuân An\n,,,\nb,Bình,7,Bảo Quang\n";
    let one_by_one = changes
        .iter()
        .fold(told.to_owned(), |list, change| apply_to_list(&list, slice::from_ref(change), "b"));
    assert_eq!(apply_to_list(told, &changes, "b"), one_by_one);
    assert!(
        one_by_one.contains("\nb,Bình,8,Bảo Quang,7,b,,nông dân\na,An,1,,,b,30,\n"),
        "{one_by_one}"
    );
}

#[test]
fn a_form_names_the_lists_that_it_changes_and_what_it_saves_there() {
    let form = start(DATA, &model("1"), &inputs(&["name", "age"]));
    let form = form.program().form();
    assert_eq!(form.datasets(), ["people"]);
    let saved: Vec<(&str, &str)> = form.saved_to("people").collect();
    assert_eq!(saved, [("full_name", "name"), ("age", "age")]);
}
