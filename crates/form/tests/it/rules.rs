//! Binds: relevance, required, read-only, constraints, calculations, their order and their cycles.

use form::{AnswerError, Aspects, ProblemKind, Resources, Session, ViolationKind};

use crate::dsl::{Drive, environment, inputs, program, start, try_compile, xform};

#[test]
fn a_calculation_follows_its_answers() {
    let mut form = start(
        "<a/><b/><sum/>",
        r#"<bind nodeset="/data/a" type="int"/><bind nodeset="/data/sum" calculate="/data/a + /data/b"/>"#,
        &inputs(&["a", "b"]),
    );
    form.put("a", "2");
    form.put("b", "3");
    assert_eq!(form.value("sum"), "5");
}

#[test]
fn what_is_worked_out_and_asked_of_nobody_is_told_apart() {
    let form = start(
        "<asked/><said/><told/><hidden/>",
        r#"<bind nodeset="/data/said" calculate="/data/asked"/>
           <bind nodeset="/data/told" calculate="/data/asked" readonly="true()"/>
           <bind nodeset="/data/hidden" calculate="/data/asked"/>"#,
        &inputs(&["asked", "said", "told"]),
    );
    let worked_out =
        ["asked", "said", "told", "hidden", "none"].map(|path| form.is_worked_out(path));
    assert_eq!(worked_out, [false, false, true, true, false]);
}

#[test]
fn a_calculation_may_keep_the_answer_of_its_own_question() {
    let mut form = start(
        "<first>Hoa</first><name/>",
        r#"<bind nodeset="/data/name" calculate="coalesce(/data/name, /data/first)"/>"#,
        &inputs(&["first", "name"]),
    );
    assert_eq!(form.value("name"), "Hoa");
    form.put("name", "Lan");
    form.put("first", "Mai");
    assert_eq!(form.value("name"), "Lan");
    form.put("name", "");
    assert_eq!(form.value("name"), "Mai");
}

#[test]
fn a_calculation_that_counts_itself_up_runs_once_for_a_change() {
    let mut form = start(
        "<a/><n>0</n>",
        r#"<bind nodeset="/data/n" calculate=". + string-length(/data/a)"/>"#,
        &inputs(&["a"]),
    );
    form.put("a", "xy");
    form.put("a", "xyz");
    assert_eq!(form.value("n"), "5");
}

#[test]
fn a_calculation_has_the_last_word_over_an_action_in_the_same_step() {
    let mut form = start(
        "<a/><b/><c/>",
        r#"<bind nodeset="/data/b" calculate="concat('c', /data/a)"/>
           <setvalue event="odk-instance-first-load" ref="/data/b" value="'set'"/>"#,
        r#"<input ref="/data/a"><setvalue event="xforms-value-changed" ref="/data/b" value="'set'"/></input>
           <input ref="/data/c"><setvalue event="xforms-value-changed" ref="/data/b" value="'set'"/></input>"#,
    );
    assert_eq!(form.value("b"), "c");
    form.put("a", "1");
    assert_eq!(form.value("b"), "c1");
    form.put("c", "1");
    assert_eq!(form.value("b"), "set");
}

#[test]
fn an_action_and_a_calculation_that_undo_each_other_come_to_an_end() {
    let mut form = start(
        "<a/><b/>",
        r#"<bind nodeset="/data/b" calculate="/data/a * 3"/>"#,
        r#"<input ref="/data/a"/><input ref="/data/b">
           <setvalue event="xforms-value-changed" ref="/data/b" value="'set'"/></input>"#,
    );
    let before = form.evaluated();
    form.put("a", "2");
    assert!(form.evaluated() - before < 1_000);
}

#[test]
fn the_same_words_mean_at_each_place_what_they_mean_there() {
    let list = r#"<instance id="l"><root><item><name>x</name><of>1</of></item><item><name>y</name><of>2</of></item></root></instance>"#;
    let filter = "instance('l')/root/item[of = current()/../k]";
    let calculations = [
        ("own", "concat(../k, '!')"),
        ("filtered", &*format!("{filter}/name")),
        ("far", "instance('l')/root/item[of = '2']/name"),
    ];
    let binds = calculations.map(|(name, text)| {
        ["a", "b"]
            .map(|group| format!(r#"<bind nodeset="/data/{group}/{name}" calculate="{text}"/>"#))
    });
    let group = |k: u8| format!("<k>{k}</k><own/><filtered/><far/><pick/>");
    let choices = ["a", "b"].map(|group| {
        let label = r#"<value ref="name"/><label ref="of"/></itemset></select1>"#;
        format!(r#"<select1 ref="/data/{group}/pick"><itemset nodeset="{filter}">{label}"#)
    });
    let mut form = start(
        &format!("<a>{}</a><b>{}</b>", group(1), group(2)),
        &format!("{list}{}", binds.concat().concat()),
        &(inputs(&["a/k", "b/k"]) + &choices.concat()),
    );
    let values = |form: &Session| {
        let of = |group: &str, name: &str| form.value(&format!("{group}/{name}"));
        ["a", "b"].map(|group| calculations.map(|(name, _)| of(group, name)).join(" "))
    };
    let offered = |form: &Session| {
        ["a", "b"].map(|group| {
            let choices = form.choices(form.node(&format!("{group}/pick")));
            choices.iter().map(|choice| choice.value.clone()).collect::<Vec<_>>()
        })
    };
    assert_eq!(values(&form), ["1! x y", "2! y y"]);
    assert_eq!(offered(&form), [["x"], ["y"]]);
    form.put("b/k", "1");
    assert_eq!(values(&form), ["1! x y", "1! x y"]);
    assert_eq!(offered(&form), [["x"], ["x"]]);
    form.put("a/k", "2");
    assert_eq!(values(&form), ["2! y y", "1! x y"]);
    assert_eq!(offered(&form), [["y"], ["x"]]);
}

#[test]
fn the_choices_may_hang_on_the_label_of_the_choice() {
    let mut form = start(
        "<a/><label/>",
        r#"<instance id="l"><root><item><name>x</name><label>X</label></item><item><name>y</name><label>Y</label></item></root></instance>
           <bind nodeset="/data/label" calculate="jr:choice-name(/data/a, '/data/a')"/>"#,
        r#"<select1 ref="/data/a"><itemset nodeset="instance('l')/root/item[/data/label = '' or label = /data/label]"><value ref="name"/><label ref="label"/></itemset></select1>"#,
    );
    form.put("a", "y");
    assert_eq!((form.value("a"), form.value("label")), ("y".to_owned(), "Y".to_owned()));
    assert_eq!(form.values("a"), ["y"]);
}

#[test]
fn an_answer_runs_its_dependents_only() {
    let names: Vec<String> = (0..1000).map(|n| format!("q{n}")).collect();
    let data: String = names.iter().map(|name| format!("<{name}/><c_{name}/>")).collect();
    let binds: String = names
        .iter()
        .map(|name| format!(r#"<bind nodeset="/data/c_{name}" calculate="/data/{name} * 2"/>"#))
        .collect();
    let body: String = names.iter().map(|name| format!(r#"<input ref="/data/{name}"/>"#)).collect();
    let mut form = start(&data, &binds, &body);
    let before = form.evaluated();
    form.put("q500", "21");
    assert_eq!(form.evaluated() - before, 1);
    assert_eq!(form.value("c_q500"), "42");
}

#[test]
fn a_chain_of_ten_thousand_calculations_runs_each_once() {
    let data: String = (0..=10_000).map(|n| format!("<c{n}/>")).collect();
    let binds: String = (1..=10_000)
        .map(|n| format!(r#"<bind nodeset="/data/c{n}" calculate="/data/c{} + 1"/>"#, n - 1))
        .collect();
    let mut form = start(&data, &binds, &inputs(&["c0"]));
    let before = form.evaluated();
    form.put("c0", "1");
    assert_eq!(form.value("c10000"), "10001");
    assert_eq!(form.evaluated() - before, 10_000);
}

#[test]
fn what_is_not_relevant_reads_as_empty_and_keeps_its_value() {
    let mut form = start(
        "<a/><group><b/></group><copy/>",
        r#"<bind nodeset="/data/group" relevant="/data/a = 'yes'"/>
           <bind nodeset="/data/copy" calculate="concat('<', /data/group/b, '>')"/>"#
            .replace("'<'", "'['")
            .replace("'>'", "']'")
            .as_str(),
        r#"<input ref="/data/a"/><group ref="/data/group"><input ref="/data/group/b"/></group>"#,
    );
    form.put("a", "yes");
    form.put("group/b", "kept");
    assert_eq!(form.value("copy"), "[kept]");
    let changes = form.put("a", "no");
    assert_eq!(form.value("copy"), "[]");
    let group = form.node("group/b");
    assert!(changes.iter().any(|c| c.node == group && c.aspects.contains(Aspects::RELEVANT)));
    assert!(!form.shown("group/b").relevant);
    assert!(!form.relevant_fields().contains_key("group/b"));
    assert!(!form.to_xml().contains("kept"));
    form.put("a", "yes");
    assert_eq!(form.value("copy"), "[kept]");
}

#[test]
fn only_what_an_expression_decides_may_change() {
    let form = start(
        "<a/><plain/><shown/><group><inside/><asked/></group><hidden><below/></hidden><row><in_row/></row>",
        r#"<bind nodeset="/data/shown" relevant="/data/a = 1" required="true()"/>
           <bind nodeset="/data/group" relevant="/data/a = 1" readonly="/data/a = 2"/>
           <bind nodeset="/data/group/asked" required="/data/a = 3"/>
           <bind nodeset="/data/hidden" relevant="/data/a = 4"/>"#,
        r#"<input ref="/data/a"/><input ref="/data/plain"/><input ref="/data/shown"/>
           <group ref="/data/group"><input ref="/data/group/inside"/><input ref="/data/group/asked"/></group>
           <input ref="/data/hidden/below"/>
           <group ref="/data/row"><repeat nodeset="/data/row"><input ref="/data/row/in_row"/></repeat></group>"#,
    );
    let may = |path: &str| {
        let may = form.may_change(form.node(path));
        [Aspects::RELEVANT, Aspects::REQUIRED, Aspects::READONLY].map(|aspect| may.contains(aspect))
    };
    assert_eq!(may("plain"), [false, false, false]);
    assert_eq!(may("shown"), [true, false, false], "required always is decided by nothing");
    assert_eq!(may("group"), [true, false, true]);
    assert_eq!(
        may("group/inside"),
        [false, false, true],
        "the group around it is drawn, and goes as a whole"
    );
    assert_eq!(may("group/asked"), [false, true, true]);
    assert_eq!(may("hidden/below"), [true, false, false], "nothing is drawn for what is around it");
    assert_eq!(may("row"), [true, true, true]);
}

#[test]
fn of_several_values_one_that_is_not_relevant_is_empty_and_of_many_rows_it_is_left_out() {
    let form = start(
        "<a>1</a><b>2</b><both/><most/><r><n>3</n></r><r><n>4</n></r><all/>",
        r#"<bind nodeset="/data/b" relevant="false()"/>
           <bind nodeset="/data/r/n" relevant=". != 4"/>
           <bind nodeset="/data/both" calculate="join('-', /data/a, /data/b)"/>
           <bind nodeset="/data/most" calculate="max(/data/a, /data/b)"/>
           <bind nodeset="/data/all" calculate="join('-', /data/r/n)"/>"#,
        &inputs(&["a"]),
    );
    let values = ["both", "most", "all"].map(|path| form.value(path));
    assert_eq!(values, ["1-", "", "3"]);
}

#[test]
fn what_is_drawn_once_is_kept_while_it_is_not_relevant() {
    let mut form = start(
        "<a/><first/>",
        r#"<bind nodeset="/data/first" relevant="/data/a != 'no'" calculate="once(/data/a)"/>"#,
        &inputs(&["a"]),
    );
    for answer in ["x", "no", "y"] {
        form.put("a", answer);
    }
    assert_eq!(form.value("first"), "x");
}

#[test]
fn a_broken_constraint_is_told_with_the_forms_words_and_nothing_is_refused() {
    let mut form = start(
        "<age/>",
        r#"<bind nodeset="/data/age" type="int" required="true()" constraint=". &gt;= 18"
            jr:constraintMsg="Too young" jr:requiredMsg="How old?"/>"#,
        &inputs(&["age"]),
    );
    let problem = form.shown("age").problem.expect("an answer is required");
    assert_eq!(
        (problem.kind, problem.message.as_deref()),
        (ViolationKind::Required, Some("How old?"))
    );
    form.put("age", "17");
    let problem = form.shown("age").problem.expect("17 is too young");
    assert_eq!(
        (problem.kind, problem.message.as_deref()),
        (ViolationKind::Constraint, Some("Too young"))
    );
    assert_eq!(form.value("age"), "17");
    form.put("age", "x");
    assert_eq!(form.shown("age").problem.map(|p| p.kind), Some(ViolationKind::Type));
    let changes = form.put("age", "18");
    assert!(form.shown("age").problem.is_none() && form.violations().is_empty());
    assert!(changes[0].aspects.contains(Aspects::PROBLEM | Aspects::VALUE));
}

#[test]
fn read_only_is_inherited_and_stops_people_but_not_calculations() {
    let mut form = start(
        "<a/><g><b/></g>",
        r#"<bind nodeset="/data/g" readonly="true()"/><bind nodeset="/data/g/b" calculate="/data/a"/>"#,
        r#"<input ref="/data/a"/><group ref="/data/g"><input ref="/data/g/b"/></group>"#,
    );
    form.put("a", "1");
    assert_eq!(form.value("g/b"), "1");
    assert_eq!(form.answer(form.node("g/b"), "2"), Err(AnswerError::Readonly));
}

#[test]
fn values_that_need_each_other_are_told_by_name() {
    let xml = xform(
        "<a/><b/><c/>",
        r#"<bind nodeset="/data/a" calculate="/data/b + 1"/><bind nodeset="/data/b" calculate="/data/c"/>
           <bind nodeset="/data/c" calculate="/data/a"/>"#,
        "",
    );
    let problems = try_compile(&xml, &Resources::default()).expect_err("a cycle");
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    let ProblemKind::Cycle(names) = &problem.kind else { panic!("{problem}") };
    assert_eq!(names.len(), 4);
    assert!(names.contains(&"/data/b @calculate".to_owned()));
}

#[test]
fn every_problem_is_told_at_once_with_its_place() {
    let xml = xform(
        "<a/>",
        r#"<bind nodeset="/data/a" relevant="1 +" constraint="instance('none')/root/item = ."/>
           <setvalue ref="/data/a" event="no-such-event" value="1"/>"#,
        &inputs(&["a"]),
    );
    let problems = try_compile(&xml, &Resources::default()).expect_err("three problems");
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(told[0].starts_with("/data/a @relevant: expression cannot be read"), "{}", told[0]);
    assert!(told[1].contains("there is no instance('none')"), "{}", told[1]);
    assert!(told[2].contains("no-such-event"), "{}", told[2]);
}

#[test]
fn a_reference_to_nothing_is_a_warning_with_its_path() {
    let form = program("<a/>", r#"<bind nodeset="/data/a" calculate="/data/nowhere"/>"#, "");
    let [warning] = form.warnings() else { panic!("{:?}", form.warnings()) };
    assert!(warning.to_string().contains("reads /data/nowhere"), "{warning}");
}

#[test]
fn actions_set_values_at_first_load_and_when_an_answer_changes() {
    let mut form = start(
        "<a/><when/><day/>",
        r#"<bind nodeset="/data/day" type="date"/>
           <setvalue ref="/data/day" event="odk-instance-first-load" value="today()"/>"#,
        r#"<input ref="/data/a"><setvalue event="xforms-value-changed" ref="/data/when" value="concat(/data/a, '!')"/></input>
           <input ref="/data/day"/>"#,
    );
    assert_eq!(form.value("day"), "2024-11-23");
    form.put("a", "x");
    assert_eq!(form.value("when"), "x!");
}

#[test]
fn preloads_come_from_the_environment() {
    let mut form = start(
        "<start/><end/><user/><meta><instanceID/></meta>",
        r#"<bind nodeset="/data/start" type="dateTime" jr:preload="timestamp" jr:preloadParams="start"/>
           <bind nodeset="/data/end" type="dateTime" jr:preload="timestamp" jr:preloadParams="end"/>
           <bind nodeset="/data/user" jr:preload="property" jr:preloadParams="username"/>
           <bind nodeset="/data/meta/instanceID" jr:preload="uid"/>"#,
        "",
    );
    assert_eq!(form.value("start"), "2024-11-23T08:30:00.000+07:00");
    assert_eq!((form.value("end").as_str(), form.value("user").as_str()), ("", "lan"));
    assert_eq!(form.value("meta/instanceID"), "uuid:test");
    form.finalise(environment().now);
    assert_eq!(form.value("end"), "2024-11-23T08:30:00.000+07:00");
}

#[test]
fn what_a_form_brings_along_or_sets_is_stored_by_its_type() {
    let form = start(
        "<n>+007</n><zero>-0</zero><half>1.9</half><d>02.50</d><day>2020-02-30</day><moment>2020-02-28T10:00:00</moment>\
         <none>abc</none><place>here</place><code>007</code><pick>01</pick><set/><whole/>",
        r#"<bind nodeset="/data/n" type="int"/><bind nodeset="/data/zero" type="int"/>
           <bind nodeset="/data/half" type="int"/><bind nodeset="/data/d" type="decimal"/>
           <bind nodeset="/data/day" type="date"/><bind nodeset="/data/moment" type="date"/>
           <bind nodeset="/data/none" type="decimal"/><bind nodeset="/data/place" type="geopoint"/>
           <bind nodeset="/data/pick" type="int"/>
           <bind nodeset="/data/set" type="decimal"/><bind nodeset="/data/whole" type="int"/>
           <setvalue event="odk-instance-first-load" ref="/data/set" value="2"/>
           <setvalue event="odk-instance-first-load" ref="/data/whole" value="'010'"/>"#,
        r#"<select1 ref="/data/pick"><item><label>One</label><value>01</value></item></select1>"#,
    );
    let stored = [
        ("n", "7"),
        ("zero", "0"),
        ("half", "1"),
        ("d", "2.5"),
        ("day", ""),
        ("moment", "2020-02-28"),
        ("none", ""),
        ("place", ""),
        ("code", "007"),
        ("pick", "01"),
        ("set", "2.0"),
        ("whole", "10"),
    ];
    for (path, text) in stored {
        assert_eq!(form.value(path), text, "{path}");
    }
}

const PICKS: &str = r#"<instance id="l"><root><item><name>a</name><g>x</g></item><item><name>b</name><g>x</g></item>
    <item><name>c</name><g>y</g></item></root></instance>
    <setvalue event="odk-instance-first-load" ref="/data/set" value="'a'"/>"#;
const PICKS_BODY: &str = r#"<input ref="/data/g"/>
    <select1 ref="/data/one"><item><label>A</label><value>a</value></item></select1>
    <select ref="/data/many"><itemset nodeset="instance('l')/root/item"><value ref="name"/><label ref="name"/></itemset></select>
    <select1 ref="/data/set"><itemset nodeset="instance('l')/root/item[g = /data/g]"><value ref="name"/><label ref="name"/></itemset></select1>"#;

#[test]
fn what_nobody_picked_has_to_be_among_the_choices() {
    let data = "<g>y</g><one>zz</one><many>b zz a</many><set/>";
    let form = start(data, PICKS, PICKS_BODY);
    assert_eq!((form.value("one").as_str(), form.value("many").as_str()), ("", "b a"));
    assert_eq!(form.value("set"), "", "only c is offered");
}

#[test]
fn what_is_not_offered_for_a_while_comes_back_unless_somebody_answered_meanwhile() {
    let mut form = start(
        "<most>9</most><one/><many/>",
        r#"<instance id="n"><root><item><name>1</name></item><item><name>2</name></item><item><name>3</name></item></root></instance>"#,
        r#"<input ref="/data/most"><label>m</label></input>
           <select1 ref="/data/one"><label>o</label>
             <itemset nodeset="instance('n')/root/item[name &lt;= /data/most]"><value ref="name"/><label ref="name"/></itemset>
           </select1>
           <select ref="/data/many"><label>o</label>
             <itemset nodeset="instance('n')/root/item[name &lt;= /data/most]"><value ref="name"/><label ref="name"/></itemset>
           </select>"#,
    );
    form.put("one", "3");
    form.put("many", "3 1 2");
    for (most, one, many) in
        [("2", "", "1 2"), ("1", "", "1"), ("9", "3", "3 1 2"), ("2", "", "1 2")]
    {
        form.put("most", most);
        assert_eq!((form.value("one"), form.value("many")), (one.into(), many.into()), "{most}");
    }
    form.put("many", "1");
    form.put("most", "9");
    assert_eq!((form.value("one"), form.value("many")), ("3".into(), "1".into()));
}

#[test]
fn what_is_not_offered_for_a_while_stays_away_once_the_form_has_emptied_it() {
    let mut form = start(
        "<province>a</province><district/><told/>",
        r#"<instance id="d"><root><item><name>a1</name><in>a</in></item><item><name>b1</name><in>b</in></item></root></instance>"#,
        r#"<input ref="/data/province"><setvalue event="xforms-value-changed" ref="/data/district"/></input>
           <select1 ref="/data/district">
             <itemset nodeset="instance('d')/root/item[in = /data/province]"><value ref="name"/><label ref="name"/></itemset>
             <setvalue event="xforms-value-changed" ref="/data/told" value="concat(/data/told, '!')"/>
           </select1>"#,
    );
    form.put("district", "a1");
    form.put("province", "b");
    assert_eq!((form.value("district").as_str(), form.value("told").as_str()), ("", "!!"));
    form.put("province", "a");
    assert_eq!((form.value("district").as_str(), form.value("told").as_str()), ("", "!!"));
}

#[test]
fn an_answer_of_a_stored_record_outlives_its_choice() {
    let program = program("<g/><one/><many/><set/>", PICKS, PICKS_BODY);
    let fields = [("one".to_owned(), "gone".to_owned())].into();
    let form = Session::resume(program, environment(), &fields);
    assert_eq!(form.value("one"), "gone");
}

#[test]
fn a_default_finds_nothing_calculated_yet() {
    let form = start(
        "<c/><i/>",
        r#"<bind nodeset="/data/c" calculate="1 + 1"/><bind nodeset="/data/i" type="int"/>
           <setvalue event="odk-instance-first-load" ref="/data/i" value="/data/c"/>"#,
        &inputs(&["c", "i"]),
    );
    assert_eq!((form.value("c").as_str(), form.value("i").as_str()), ("2", ""));
}

#[test]
fn what_is_calculated_or_dropped_for_the_first_time_has_not_changed() {
    let watched = |path: &str| {
        format!(
            r#"<input ref="/data/{path}"><setvalue event="xforms-value-changed" ref="/data/told">yes</setvalue></input>"#
        )
    };
    let picked = r#"<select1 ref="/data/one"><item><label>A</label><value>a</value></item>
        <setvalue event="xforms-value-changed" ref="/data/told">yes</setvalue></select1>"#;
    let mut form = start(
        "<k/><c/><one>zz</one><told/>",
        r#"<bind nodeset="/data/c" calculate="concat(/data/k, '!')"/>"#,
        &format!("{}{}{picked}", inputs(&["k"]), watched("c")),
    );
    assert_eq!((form.value("c").as_str(), form.value("told").as_str()), ("!", ""));
    form.put("k", "1");
    assert_eq!(form.value("told"), "yes");
}

#[test]
fn what_the_form_works_out_where_nobody_sees_it_sets_off_no_action() {
    let model = r#"<bind nodeset="/data/g" relevant="/data/t = 1"/><bind nodeset="/data/g/q" calculate="/data/a + /data/t"/>
        <setvalue event="odk-instance-first-load" ref="/data/g/set" value="'s'"/>"#;
    let told = |path: &str| {
        format!(
            r#"<input ref="/data/{path}"><setvalue event="xforms-value-changed" ref="/data/told" value="concat(/data/told, '!')"/></input>"#
        )
    };
    let body = format!("{}{}{}", inputs(&["t", "a"]), told("g/q"), told("g/set"));
    let mut form = start("<t>0</t><a>0</a><g><q/><set/></g><told/>", model, &body);
    // An action on what is hidden means it.
    assert_eq!(form.value("told"), "!");
    form.put("a", "1");
    assert_eq!((form.value("g/q").as_str(), form.value("told").as_str()), ("1", "!"));
    // It comes into sight with the same answer that changes it.
    form.put("t", "1");
    assert_eq!((form.value("g/q").as_str(), form.value("told").as_str()), ("2", "!!"));
}

#[test]
fn what_an_action_sets_and_a_calculation_sets_back_is_one_change() {
    let mut form = start(
        "<t/><q/><b/>",
        r#"<bind nodeset="/data/q" calculate="concat(/data/t, 1)"/>"#,
        r#"<input ref="/data/t"><setvalue event="xforms-value-changed" ref="/data/q" value="'z'"/></input>
           <input ref="/data/q"><setvalue event="xforms-value-changed" ref="/data/b" value="concat(/data/b, '!')"/></input>"#,
    );
    form.put("t", "1");
    assert_eq!((form.value("q").as_str(), form.value("b").as_str()), ("11", "!"));
    form.put("t", "2");
    assert_eq!((form.value("q").as_str(), form.value("b").as_str()), ("21", "!!"));
}

#[test]
fn an_action_holds_against_a_calculation_that_gives_the_same_again() {
    let mut form = start(
        "<t/><b/>",
        r#"<bind nodeset="/data/b" calculate="if(/data/t != '', 5, '')"/>"#,
        r#"<input ref="/data/t"><setvalue event="xforms-value-changed" ref="/data/b" value="'9'"/></input>
           <input ref="/data/b"/>"#,
    );
    form.put("t", "1");
    assert_eq!(form.value("b"), "5");
    form.put("t", "2");
    assert_eq!(form.value("b"), "9");
    // An answer in between is no result of the calculation.
    form.put("b", "7");
    form.put("t", "3");
    assert_eq!(form.value("b"), "9");
    form.put("t", "");
    assert_eq!(form.value("b"), "");
}

#[test]
fn a_relevance_that_hides_what_makes_it_so_is_told() {
    let begin = |relevant: &str, t: &str| {
        let model = format!(r#"<bind nodeset="/data/g" relevant="{relevant}"/>"#);
        let body = r#"<group ref="/data/g"><input ref="/data/g/x"/></group><input ref="/data/t"/>"#;
        start(&format!("<g><x>2</x></g><t>{t}</t>"), &model, body)
    };
    let faults = begin("./x != /data/t", "2").faults();
    assert!(faults.iter().any(|fault| fault.contains("does not settle")), "{faults:?}");
    // What is hidden and stays so settles, and so does what is asked.
    for (relevant, t) in [("./x != /data/t", "1"), ("./x = /data/t", "1")] {
        let faults = begin(relevant, t).faults();
        assert!(faults.is_empty(), "{faults:?}");
    }
}
