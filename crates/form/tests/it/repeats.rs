//! Rows: adding, removing, counting, positions, and what a row's change costs.

use form::{NodeKind, RowError, Session};

use crate::dsl::{Drive, environment, program, start};

const ROSTER: &str =
    r#"<row jr:template=""><name/><score>1</score><double/><place/></row><total/>"#;
const ROSTER_BINDS: &str = r#"<bind nodeset="/data/row/double" calculate=" ../score * 2"/>
    <bind nodeset="/data/row/place" calculate="position(..)"/>
    <bind nodeset="/data/total" calculate="sum( /data/row/double )"/>"#;
const ROSTER_BODY: &str = r#"<group ref="/data/row"><label>People</label><repeat nodeset="/data/row">
    <input ref="/data/row/name"/><input ref="/data/row/score"/></repeat></group>"#;

fn roster() -> Session {
    start(ROSTER, ROSTER_BINDS, ROSTER_BODY)
}

fn rows(form: &Session) -> usize {
    rows_of(form, "row")
}

fn rows_of(form: &Session, repeat: &str) -> usize {
    form.children(form.node(repeat)).len()
}

#[test]
fn rows_are_added_with_the_templates_values_and_removed() {
    let mut form = roster();
    let repeat = form.node("row");
    assert_eq!(form.shown("row").label.map(|l| l.text).as_deref(), Some("People"));
    for key in ["a", "b", "c"] {
        form.add_row(repeat, key).expect("a new key");
    }
    assert_eq!((rows(&form), form.value("total").as_str()), (3, "6"));
    form.put("row[b]/score", "5");
    assert_eq!((form.value("row[b]/double").as_str(), form.value("total").as_str()), ("10", "14"));
    form.remove_row(form.node("row[a]")).expect("the row is there");
    assert_eq!((rows(&form), form.value("total").as_str()), (2, "12"));
    assert_eq!(form.value("row[c]/place"), "2");
    let NodeKind::Row { position, key, .. } = form.shown("row[b]").kind else { panic!("a row") };
    assert_eq!((position, key.as_str()), (1, "b"));
}

#[test]
fn a_removed_row_comes_back_to_its_place_and_the_rows_behind_it_move_down() {
    let mut form = roster();
    let repeat = form.node("row");
    for key in ["a", "b", "c"] {
        form.add_row(repeat, key).expect("a new key");
    }
    form.put("row[a]/name", "An");
    let mut stood = form.fields();
    stood.retain(|path, _| path.starts_with("row[a]"));
    form.remove_row(form.node("row[a]")).expect("the row is there");
    form.restore_row(repeat, "a", &stood).expect("its key is free again");
    assert_eq!((form.value("row[a]/name").as_str(), form.value("total").as_str()), ("An", "6"));
    let places = ["a", "b", "c"].map(|key| form.value(&format!("row[{key}]/place")));
    assert_eq!(places, ["1", "2", "3"]);
    assert_eq!(form.children(repeat).first(), Some(&form.node("row[a]")));
    // It stands there too when the record is opened again, and a new row still comes last.
    form.add_row(repeat, "d").expect("a new key");
    let form_again = program(ROSTER, ROSTER_BINDS, ROSTER_BODY);
    let again = Session::resume(form_again, environment(), &form.fields());
    let keys: Vec<_> =
        again.children(again.node("row")).iter().map(|row| again.path(*row)).collect();
    assert_eq!(keys, ["row[a]", "row[b]", "row[c]", "row[d]"]);
}

#[test]
fn a_key_is_used_once_and_must_fit_into_a_path() {
    let mut form = roster();
    let repeat = form.node("row");
    form.add_row(repeat, "a").expect("a new key");
    for key in ["a", "", "x]", "x/y"] {
        assert_eq!(form.add_row(repeat, key), Err(RowError::Key), "{key:?}");
    }
}

#[test]
fn an_answer_in_a_row_runs_that_row_and_the_sums_only() {
    let mut form = roster();
    let repeat = form.node("row");
    let mut costs = Vec::new();
    for n in 0..500 {
        let before = form.evaluated();
        form.add_row(repeat, &format!("k{n}")).expect("a new key");
        costs.push(form.evaluated() - before);
    }
    assert_eq!(costs[0], costs[499], "the 500th row costs what the first did");
    let before = form.evaluated();
    form.put("row[k250]/score", "9");
    assert_eq!(form.evaluated() - before, 2, "one double, one total");
    assert_eq!(form.value("total"), "1016");
}

#[test]
fn the_form_can_say_how_many_rows_there_are() {
    let mut form = start(
        r#"<n/><row jr:template=""><x/></row>"#,
        "",
        r#"<input ref="/data/n"/><group ref="/data/row"><repeat nodeset="/data/row" jr:count=" /data/n ">
           <input ref="/data/row/x"/></repeat></group>"#,
    );
    form.put("n", "3");
    assert_eq!(rows(&form), 3);
    form.put("row[2]/x", "kept");
    form.put("n", "2");
    assert_eq!((rows(&form), form.value("row[2]/x").as_str()), (2, "kept"));
    assert_eq!(form.add_row(form.node("row"), "k"), Err(RowError::Fixed));
    form.put("n", "1e9");
    assert!(rows(&form) <= 10_000, "a mistyped count does not fill the memory");
}

#[test]
fn what_is_not_relevant_adds_nothing_however_its_rows_are_chosen() {
    let rows = r#"<r jr:template=""><k/><on/><v/></r>"#;
    let chosen = [
        ("sum(/data/r[k = 'a']/v)", "3"),
        ("max(/data/r[k = 'a']/v)", "3"),
        ("min(/data/r[position() &lt; 3]/v)", "3"),
        ("join(', ', /data/r[k = 'a']/v)", "3"),
        ("join(', ', /data/r[k = 'a']/v, 'x')", "3, , x"),
        ("sum(/data/r/v)", "3"),
        ("sum(/data/r/*[name() = 'v'])", "3"),
        ("sum(if(true(), /data/r/v, /data/r/k))", "3"),
        ("sum(indexed-repeat(/data/r/v, /data/r, 2))", "0"),
        ("count(/data/r[k = 'a']/v)", "2"),
    ];
    let (mut model, mut binds) =
        (rows.to_owned(), r#"<bind nodeset="/data/r/v" relevant="../on = 1"/>"#.to_owned());
    for (number, (calculate, _)) in chosen.iter().enumerate() {
        use std::fmt::Write;
        write!(model, "<s{number}/>").unwrap();
        write!(binds, r#"<bind nodeset="/data/s{number}" calculate="{calculate}"/>"#).unwrap();
    }
    let body = r#"<group ref="/data/r"><repeat nodeset="/data/r"><input ref="/data/r/k"/>
        <input ref="/data/r/on"/><input ref="/data/r/v"/></repeat></group>"#;
    let mut form = start(&model, &binds, body);
    for key in ["a", "b"] {
        form.add_row(form.node("r"), key).expect("a new key");
        form.put(&format!("r[{key}]/k"), "a");
        form.put(&format!("r[{key}]/on"), "1");
    }
    form.put("r[a]/v", "3");
    assert_eq!(form.value("s0"), "", "a question that is asked and has no answer");
    form.put("r[b]/on", "");
    for (number, (calculate, expected)) in chosen.into_iter().enumerate() {
        assert_eq!(form.value(&format!("s{number}")), expected, "{calculate}");
    }
}

#[test]
fn what_stands_before_a_node_is_found_from_the_nearest_on() {
    let mut form = start(
        r#"<a/><r jr:template=""><n/><of/></r><none jr:template=""><x/></none><b at="" by=""/><all/><near/>"#,
        r#"<bind nodeset="/data/r/of" calculate="concat(count(../preceding-sibling::r), ' ', ../preceding-sibling::*[1]/n)"/>
           <bind nodeset="/data/b/@at" calculate="'x'"/><bind nodeset="/data/b/@by" calculate="'y'"/>
           <bind nodeset="/data/all" calculate="count(preceding-sibling::node())"/>
           <bind nodeset="/data/near" calculate="concat(name(../b/preceding-sibling::*[1]), count(../b/@by/preceding-sibling::node()))"/>"#,
        r#"<repeat nodeset="/data/r"><input ref="/data/r/n"/></repeat>
           <repeat nodeset="/data/none"><input ref="/data/none/x"/></repeat>"#,
    );
    for key in ["k", "l", "m"] {
        form.add_row(form.node("r"), key).expect("a new key");
        form.put(&format!("r[{key}]/n"), key);
    }
    let of = ["k", "l", "m"].map(|key| form.value(&format!("r[{key}]/of")));
    assert_eq!(of, ["0 ", "1 k", "2 l"]);
    assert_eq!((form.value("all").as_str(), form.value("near").as_str()), ("5", "r0"));
}

#[test]
fn nested_rows_each_see_their_own() {
    let mut form = start(
        r#"<outer jr:template=""><inner jr:template=""><x/></inner><sum/></outer><all/>"#,
        r#"<bind nodeset="/data/outer/sum" calculate="sum(../inner/x)"/>
           <bind nodeset="/data/all" calculate="sum(/data/outer/inner/x)"/>"#,
        r#"<repeat nodeset="/data/outer"><repeat nodeset="/data/outer/inner">
           <input ref="/data/outer/inner/x"/></repeat></repeat>"#,
    );
    for outer in ["a", "b"] {
        form.add_row(form.node("outer"), outer).expect("a new key");
        for inner in ["i", "j"] {
            let repeat = form.node(&format!("outer[{outer}]/inner"));
            form.add_row(repeat, inner).expect("a new key");
        }
    }
    form.put("outer[a]/inner[i]/x", "1");
    form.put("outer[b]/inner[j]/x", "10");
    form.put("outer[a]/inner[j]/x", "100");
    form.put("outer[b]/inner[i]/x", "1000");
    assert_eq!(form.value("outer[a]/sum"), "101");
    assert_eq!((form.value("outer[b]/sum").as_str(), form.value("all").as_str()), ("1010", "1111"));
}

#[test]
fn an_absolute_path_inside_a_row_means_that_row() {
    let mut form = start(
        r#"<row jr:template=""><x/><y/></row>"#,
        r#"<bind nodeset="/data/row/y" calculate="/data/row/x * 10"/>"#,
        r#"<repeat nodeset="/data/row"><input ref="/data/row/x"/></repeat>"#,
    );
    for key in ["a", "b"] {
        form.add_row(form.node("row"), key).expect("a new key");
    }
    form.put("row[a]/x", "1");
    form.put("row[b]/x", "2");
    assert_eq!((form.value("row[a]/y").as_str(), form.value("row[b]/y").as_str()), ("10", "20"));
}

#[test]
fn a_row_can_read_the_row_before_it() {
    let mut form = start(
        r#"<row jr:template=""><x/><running/></row>"#,
        r#"<bind nodeset="/data/row/running" calculate="number(../x) + coalesce(
           /data/row[position() = position(current()/..) - 1]/running, '0')"/>"#,
        r#"<repeat nodeset="/data/row"><input ref="/data/row/x"/></repeat>"#,
    );
    for key in ["a", "b", "c"] {
        form.add_row(form.node("row"), key).expect("a new key");
        form.put(&format!("row[{key}]/x"), "1");
    }
    assert_eq!(form.value("row[c]/running"), "3");
    form.put("row[a]/x", "5");
    assert_eq!(form.value("row[c]/running"), "7");
}

#[test]
fn a_repeat_without_rows_is_hidden_when_it_is_not_relevant() {
    let mut form = start(
        r#"<more/><row jr:template=""><x/></row>"#,
        r#"<bind nodeset="/data/row" relevant="/data/more = 'yes'"/>"#,
        r#"<input ref="/data/more"/><group ref="/data/row"><repeat nodeset="/data/row">
           <input ref="/data/row/x"/></repeat></group>"#,
    );
    assert!(!form.shown("row").relevant);
    form.put("more", "yes");
    assert!(form.shown("row").relevant);
    form.add_row(form.node("row"), "a").expect("a new key");
    assert!(form.shown("row[a]/x").relevant);
    form.put("more", "no");
    assert!(!form.shown("row[a]/x").relevant && !form.to_xml().contains("<row>"));
}

#[test]
fn rows_that_come_with_a_new_row_are_new_as_well() {
    let mut form = start(
        "<q>1</q><r jr:template=\"\"><s jr:template=\"\"><a/></s><s><a/></s></r>",
        "",
        r#"<input ref="/data/q"/><group ref="/data/r"><repeat nodeset="/data/r"><group ref="/data/r/s">
            <repeat nodeset="/data/r/s"><input ref="/data/r/s/a"/>
            <setvalue ref="/data/r/s/a" event="odk-new-repeat" value="concat(/data/q, 'z')"/>
            </repeat></group></repeat></group>"#,
    );
    form.add_row(form.node("r"), "k").expect("a new key");
    assert_eq!(form.value("r[k]/s[1]/a"), "1z");
}

#[test]
fn the_actions_of_a_new_row_come_before_its_calculations() {
    let mut form = start(
        r#"<n>2</n><r jr:template=""><p/><q/></r>"#,
        r#"<bind nodeset="/data/r/q" calculate="concat(/data/n, 'q', ../p)"/>"#,
        r#"<group ref="/data/r"><repeat nodeset="/data/r"><input ref="/data/r/p"/>
            <setvalue ref="/data/r/p" event="odk-new-repeat" value="concat(/data/n, 'p', ../q)"/></repeat></group>"#,
    );
    form.add_row(form.node("r"), "k").expect("a new key");
    assert_eq!((form.value("r[k]/p").as_str(), form.value("r[k]/q").as_str()), ("2p", "2q2p"));
}

#[test]
fn what_is_calculated_in_a_new_row_for_the_first_time_has_not_changed() {
    let mut form = start(
        r#"<n>2</n><r jr:template=""><x/><told/></r>"#,
        r#"<bind nodeset="/data/r/x" calculate="/data/n + 1"/>"#,
        r#"<input ref="/data/n"/><group ref="/data/r"><repeat nodeset="/data/r"><input ref="/data/r/x">
            <setvalue event="xforms-value-changed" ref="/data/r/told">yes</setvalue></input></repeat></group>"#,
    );
    form.add_row(form.node("r"), "k").expect("a new key");
    assert_eq!((form.value("r[k]/x").as_str(), form.value("r[k]/told").as_str()), ("3", ""));
    form.put("n", "5");
    assert_eq!(form.value("r[k]/told"), "yes");
}

#[test]
fn an_action_sets_the_row_that_its_predicates_name() {
    let mut form = start(
        "<a/><row><x/></row><row><x/></row><row><x/></row>",
        "",
        r#"<input ref="/data/a">
            <setvalue event="xforms-value-changed" ref="/data/row[position() = /data/a]/x" value="'set'"/>
            <setvalue event="xforms-value-changed" ref="/data/row[position() &gt; 1]/x" value="'several'"/></input>
            <group ref="/data/row"><repeat nodeset="/data/row"><input ref="/data/row/x"/></repeat></group>"#,
    );
    form.put("a", "2");
    let rows = ["row[1]/x", "row[2]/x", "row[3]/x"].map(|path| form.value(path));
    assert_eq!(rows, ["", "set", ""]);
    assert!(!form.faults().is_empty(), "several rows cannot be set");
    form.put("a", "9");
    assert_eq!(form.value("row[3]/x"), "");
}

#[test]
fn what_a_new_row_begins_with_is_nobodys_answer_and_another_in_its_place_is() {
    let mut form = roster();
    form.add_row(form.node("row"), "a").expect("a new key");
    let (row, name, score) = ("row[a]", "row[a]/name", "row[a]/score");
    assert_eq!(form.defaulted(form.node(row)), [form.node(score)]);
    assert!(!form.is_begun(form.node(row)), "a default stands in it, and nothing else");
    assert!(!form.departs_from_default(form.node(score)));
    form.put(score, "5");
    assert!(form.is_begun(form.node(row)));
    assert!(form.departs_from_default(form.node(score)));
    form.put(score, "1");
    assert!(!form.is_begun(form.node(row)));
    form.put(name, "An");
    assert!(form.is_begun(form.node(row)));
    assert!(!form.departs_from_default(form.node(name)), "a name has no default");
}

/// A repeat in a repeat, and what its new row comes with in the inner one.
fn comes_with(data: &str, inner: &str) -> (Session, Vec<String>) {
    let body = format!(
        r#"<repeat nodeset="/data/o"><repeat nodeset="/data/{inner}"><input ref="/data/{inner}/v"/></repeat></repeat>"#
    );
    let mut form = start(data, "", &body);
    form.add_row(form.node("o"), "k").expect("a new key");
    let inner = form.node(&inner.replacen('o', "o[k]", 1));
    let rows = form.children(inner);
    let values = rows.iter().map(|row| form.value(&(form.path(*row) + "/v"))).collect();
    (form, values)
}

#[test]
fn a_new_row_comes_with_the_rows_that_its_template_describes() {
    for (data, inner, expected, by_hand) in [
        (r#"<o jr:template=""><n><v>dft</v></n></o>"#, "o/n", &["dft"][..], ""),
        (r#"<o jr:template=""><g><n><v>dft</v></n></g></o>"#, "o/g/n", &["dft"], ""),
        (
            r#"<o jr:template=""><n jr:template=""><v>tp</v></n><n><v>r1</v></n><n><v>r2</v></n></o>"#,
            "o/n",
            &["r1", "r2"],
            "tp",
        ),
        // What the first row holds is nothing of a new one, and neither is what a further row has beside the template.
        ("<o><n><v>mine</v></n></o>", "o/n", &[""], ""),
        (
            r#"<o jr:template=""><n><v>dft</v></n></o><o><n><v>mine</v></n></o>"#,
            "o/n",
            &["dft"],
            "",
        ),
        (r#"<o jr:template=""><a/></o><o><a/><n><v>mine</v></n></o>"#, "o/n", &[""], ""),
    ] {
        let (mut form, values) = comes_with(data, inner);
        assert_eq!(values, expected, "{data}");
        let inner = inner.replacen('o', "o[k]", 1);
        form.add_row(form.node(&inner), "h").expect("a new key");
        assert_eq!(form.value(&format!("{inner}[h]/v")), by_hand, "{data}");
    }
}

#[test]
fn what_only_a_further_row_holds_is_no_value_of_a_new_one() {
    let mut form = start(
        r#"<row jr:template=""><x>1</x></row><row><x>2</x><y>mine</y></row>"#,
        "",
        r#"<repeat nodeset="/data/row"><input ref="/data/row/x"/><input ref="/data/row/y"/></repeat>"#,
    );
    form.add_row(form.node("row"), "k").expect("a new key");
    assert_eq!((form.value("row[1]/y").as_str(), form.value("row[k]/y").as_str()), ("mine", ""));
    assert_eq!(form.value("row[k]/x"), "1");
}

#[test]
fn rows_that_the_form_counts_come_with_the_rows_of_their_template_and_these_with_theirs() {
    let mut form = start(
        r#"<c>2</c><o jr:template=""><n jr:template=""><v>tp</v><m><w>q</w></m></n><n><v>r</v><m><w>z</w></m></n></o>"#,
        "",
        r#"<input ref="/data/c"/><repeat nodeset="/data/o" jr:count="/data/c"><repeat nodeset="/data/o/n">
           <input ref="/data/o/n/v"/><repeat nodeset="/data/o/n/m"><input ref="/data/o/n/m/w"/></repeat></repeat></repeat>"#,
    );
    form.put("c", "3");
    for row in 1..=3 {
        let values = ["v", "m[1]/w"].map(|name| form.value(&format!("o[{row}]/n[1]/{name}")));
        assert_eq!(values, ["r", "z"], "row {row}");
    }
    form.add_row(form.node("o[3]/n"), "h").expect("a new key");
    let values = ["v", "m[1]/w"].map(|name| form.value(&format!("o[3]/n[h]/{name}")));
    assert_eq!(values, ["tp", "q"]);
}

#[test]
fn what_the_form_says_in_a_row_that_came_with_another_is_nobodys_answer() {
    let data = r#"<o jr:template=""><n jr:template=""><v>tp</v></n><n><v>r1</v></n></o><o><n><v>first</v></n></o>"#;
    let (mut form, _) = comes_with(data, "o/n");
    for (outer, own) in [("o[1]", "first"), ("o[k]", "r1")] {
        let question = format!("{outer}/n[1]/v");
        assert_eq!(form.value(&question), own);
        assert!(!form.is_begun(form.node(outer)), "{outer}");
        assert_eq!(form.defaulted(form.node(outer)), [form.node(&question)]);
        assert!(!form.departs_from_default(form.node(&question)), "{outer}");
        form.put(&question, "tp");
        assert!(form.is_begun(form.node(outer)), "{outer}");
        assert!(form.departs_from_default(form.node(&question)), "{outer}");
        form.put(&question, own);
        assert!(!form.is_begun(form.node(outer)), "{outer}");
    }
    form.add_row(form.node("o[k]/n"), "h").expect("a new key");
    assert!(!form.departs_from_default(form.node("o[k]/n[h]/v")), "the template's own value");
    // The same holds when the record is opened again.
    let mut again = Session::resume(form.program().clone(), environment(), &form.fields());
    assert!(!again.is_begun(again.node("o[k]")));
    again.put("o[k]/n[1]/v", "other");
    assert!(again.is_begun(again.node("o[k]")));
}

#[test]
fn a_row_that_is_counted_again_comes_as_its_own_row_describes_it() {
    let mut form = start(
        "<c>2</c><o><n><v>d</v></n><n><v>e</v></n></o>",
        "",
        r#"<input ref="/data/c"/><repeat nodeset="/data/o"><repeat nodeset="/data/o/n" jr:count="/data/c">
           <input ref="/data/o/n/v"/></repeat></repeat>"#,
    );
    form.add_row(form.node("o"), "k").expect("a new key");
    let values = |form: &Session| {
        ["o[1]/n[1]", "o[1]/n[2]", "o[k]/n[1]", "o[k]/n[2]"]
            .map(|row| form.value(&format!("{row}/v")))
    };
    assert_eq!(values(&form), ["d", "e", "", ""]);
    form.put("c", "0");
    form.put("c", "2");
    assert_eq!(values(&form), ["d", "e", "", ""]);
}

/// As many rows as the number says, each with rows of its own that another counts.
const COUNTED: &str = r#"<input ref="/data/c"/><repeat nodeset="/data/n" jr:count="/data/c"><input ref="/data/n/v"/>
    <input ref="/data/n/w"/><repeat nodeset="/data/n/m" jr:count="/data/n/w"><input ref="/data/n/m/x"/></repeat></repeat>"#;

#[test]
fn a_number_that_is_corrected_takes_nobodys_answers_away() {
    let mut form = start(
        r#"<c/><n jr:template=""><v>dft</v><w/><m jr:template=""><x/></m></n><all/>"#,
        r#"<bind nodeset="/data/all" calculate="join(' ', /data/n/v, /data/n/m/x)"/>"#,
        COUNTED,
    );
    form.put("c", "3");
    form.put("n[2]/v", "An");
    form.put("n[3]/v", "");
    form.put("n[3]/w", "2");
    form.put("n[3]/m[2]/x", "Bình");
    form.take_writes();
    let before = form.fields();
    // "3" becomes "13", by way of "1".
    form.put("c", "1");
    assert_eq!((rows_of(&form, "n"), form.value("all").as_str()), (1, "dft"));
    assert_eq!(form.take_writes()["n[3]/m[2]/x"], None, "nothing is stored of what is not asked");
    form.put("c", "");
    form.put("c", "13");
    form.put("c", "3");
    assert_eq!(form.fields(), before);
    let writes = form.take_writes();
    assert_eq!(writes["n[3]/m[2]/x"].as_deref(), Some("Bình"));
    let again = Session::resume(form.program().clone(), environment(), &form.fields());
    assert_eq!(again.fields(), before);
    assert_eq!(again.value("all"), form.value("all"));
}

#[test]
fn an_inner_number_that_was_corrected_first_still_counts_when_the_outer_one_comes_back() {
    let mut form =
        start(r#"<c/><n jr:template=""><v/><w/><m jr:template=""><x/></m></n>"#, "", COUNTED);
    form.put("c", "2");
    form.put("n[2]/w", "2");
    form.put("n[2]/m[1]/x", "one");
    form.put("n[2]/m[2]/x", "two");
    form.put("n[2]/w", "1");
    form.put("c", "1");
    form.put("c", "2");
    assert_eq!((rows_of(&form, "n[2]/m"), form.value("n[2]/m[1]/x").as_str()), (1, "one"));
    form.put("n[2]/w", "2");
    assert_eq!(form.value("n[2]/m[2]/x"), "two");
}

#[test]
fn the_actions_of_a_counted_row_are_done_once() {
    let mut form = start(
        r#"<c/><n jr:template=""><v/><told/></n>"#,
        "",
        r#"<input ref="/data/c"/><repeat nodeset="/data/n" jr:count="/data/c">
           <setvalue ref="/data/n/v" event="odk-new-repeat" value="concat('made for ', /data/c)"/>
           <input ref="/data/n/v"><setvalue event="xforms-value-changed" ref="/data/n/told">yes</setvalue></input></repeat>"#,
    );
    for count in ["2", "1", "4"] {
        form.put("c", count);
    }
    let made = [1, 2, 3].map(|row| form.value(&format!("n[{row}]/v")));
    assert_eq!(made, ["made for 2", "made for 2", "made for 4"]);
}

#[test]
fn rows_that_say_how_many_they_are_settle() {
    let mut form = start(
        r#"<n jr:template=""><v/></n>"#,
        "",
        r#"<repeat nodeset="/data/n" jr:count="3 - count(/data/n[v != ''])"><input ref="/data/n/v"/></repeat>"#,
    );
    assert_eq!(rows_of(&form, "n"), 3);
    form.put("n[3]/v", "An");
    assert!((2..=3).contains(&rows_of(&form, "n")));
    form.put("n[1]/v", "Bình");
    assert!((1..=3).contains(&rows_of(&form, "n")));
    let form = start(
        r#"<n jr:template=""><v/></n>"#,
        "",
        r#"<repeat nodeset="/data/n" jr:count="3 - count(/data/n)"><input ref="/data/n/v"/></repeat>"#,
    );
    assert!(rows_of(&form, "n") <= 3);
}

#[test]
fn rows_in_a_row_that_is_counted_when_the_record_begins_are_not_new() {
    for inner in ["", r#"jr:count="1""#] {
        let body = format!(
            r#"<input ref="/data/k"/><repeat nodeset="/data/o" jr:count="/data/k">
            <setvalue event="odk-new-repeat" ref="/data/o/m" value="'made'"/><repeat nodeset="/data/o/n" {inner}>
            <setvalue event="odk-new-repeat" ref="/data/o/n/v" value="'5'"/><input ref="/data/o/n/v">
            <setvalue event="xforms-value-changed" ref="/data/o/n/w" value="'w'"/></input></repeat></repeat>"#
        );
        let data =
            r#"<k>1</k><o jr:template=""><m/><n jr:template=""><v/><w/></n><n><v/><w/></n></o>"#;
        let mut form = start(data, "", &body);
        let made = |form: &Session, row: u8| {
            ["m", "n[1]/v", "n[1]/w"].map(|path| form.value(&format!("o[{row}]/{path}")))
        };
        assert_eq!(made(&form, 1), ["made", "", ""]);
        form.put("k", "2");
        assert_eq!(made(&form, 2), ["made", "5", ""]);
        form.put("o[2]/n[1]/v", "6");
        assert_eq!(made(&form, 2), ["made", "6", "w"]);
    }
}
