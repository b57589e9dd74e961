//! What is wrong in a workbook is told with its place, all at once.

use xlsform::{Kind, Options, convert, read_workbook};

use crate::{errors, of};

/// (what, rows of the survey below `type name label relevant`, what is said)
const SURVEYS: [(&str, &str, &str); 20] = [
    (
        "prefix that is not declared",
        "| | text | x:a | A | |",
        "survey!B2 (name): 'x:a' cannot be a name: a name begins with a letter or '_' and has only letters, digits, '-', '_' and '.'; a prefix must be declared",
    ),
    ("unknown type", "| | txet | a | A | |", "survey!A2 (type): 'txet' is not a question type"),
    ("no type", "| | | a | A | |", "survey!A2 (type): the row has no type"),
    ("no name", "| | text | | A | |", "survey!B2 (name): the question or group has no name"),
    (
        "bad name",
        "| | text | a b | A | |",
        "survey!B2 (name): 'a b' cannot be a name: a name begins with a letter or '_' and has only letters, digits, '-', '_' and '.'; a prefix must be declared",
    ),
    (
        "twice",
        "| | text | a | A | |\n| | text | a | B | |",
        "survey!B3 (name): the name 'a' is used twice in the same group (first in row 2)",
    ),
    (
        "reference to nothing",
        "| | text | a | A | ${b} = 1 |",
        "survey!D2 (relevant): ${b} refers to nothing",
    ),
    (
        "reference to two",
        "| | begin group | g | G | |\n| | text | a | A | |\n| | end group | | | |\n| | text | a | A | |\n| | note | n | ${a} | |",
        "survey!C6 (label): ${a} refers to several questions",
    ),
    (
        "open reference",
        "| | text | a | A ${b | |",
        "survey!C2 (label): '${b' is not a reference: write ${name}",
    ),
    (
        "open reference and no more",
        "| | text | a | A ${ | |",
        "survey!C2 (label): '${' is not a reference: write ${name}",
    ),
    (
        "open group",
        "| | begin group | g | G | |\n| | text | a | A | |",
        "survey!A2 (type): 'begin group' of 'g' is never closed",
    ),
    (
        "end without begin",
        "| | text | a | A | |\n| | end repeat | | | |",
        "survey!A3 (type): nothing is open that 'end repeat' could close",
    ),
    (
        "no list",
        "| | select_one k | a | A | |",
        "survey!A2 (type): there is no list of choices named 'k'",
    ),
    (
        "reference to a file",
        "| | csv-external | f | | |\n| | text | a | A | ${f} = 1 |",
        "survey!D3 (relevant): ${f} refers to nothing",
    ),
    (
        "reference to what a count adds",
        "| | begin repeat | r | R | |\n| | text | a | A | ${r_count} = 1 |\n| | end repeat | | | |",
        "survey!D3 (relevant): ${r_count} refers to nothing",
    ),
    (
        "choices from nothing",
        "| | select_one ${b} | a | A | |",
        "survey!A2 (type): ${b} refers to nothing",
    ),
    (
        "question of a loop",
        "| | begin loop over l | p | P | |\n| | text | a | A | |\n| | end loop | | | |\n| | note | n | ${a} | |",
        "survey!C5 (label): ${a} refers to several questions",
    ),
    (
        "audit twice",
        "| | audit | audit | | |\n| | audit | audit | | |",
        "survey!B3 (name): the name 'audit' is used twice in the same group (first in row 2)",
    ),
    (
        "one choice more in a file",
        "| | select_one f.csv or_other | a | A | |",
        "survey!A2 (type): there is no list of choices named 'f.csv'",
    ),
    ("no label", "| | text | a | | |", "survey!C2 (label): the question has no label and no hint"),
];

#[test]
fn each_mistake_in_the_survey_is_named_with_its_cell() {
    for (what, rows, expected) in SURVEYS {
        let markdown = format!(
            "| survey |\n| | type | name | label | relevant |\n{rows}\n\
            | choices |\n| | list_name | name | label |\n| | l | x | X |\n| | l | y | Y |\n"
        );
        assert_eq!(errors(&markdown), [expected], "{what}");
    }
}

#[test]
fn a_broken_expression_is_named_with_its_character() {
    let said =
        errors("| survey |\n| | type | name | label | relevant |\n| | text | a | A | 1 + |\n");
    assert_eq!(
        said,
        [
            "survey!D2 (relevant): the expression is broken at character 4: the expression ends too early"
        ]
    );
}

#[test]
fn the_same_choice_twice_is_an_error_unless_allowed() {
    let sheets = "| survey |\n| | type | name | label |\n| | select_one l | a | A |\n\
        | choices |\n| | list_name | name | label |\n| | l | x | X |\n| | l | x | Y |\n";
    assert_eq!(
        errors(sheets),
        ["choices!B3 (name): the choice 'x' is in the list 'l' twice (first in row 2)"]
    );
    let allowed = format!("{sheets}| settings |\n| | allow_choice_duplicates |\n| | yes |\n");
    assert_eq!(errors(&allowed), Vec::<String>::new());
}

#[test]
fn all_problems_are_listed_at_once() {
    let said = errors(
        "| survey |\n| | type | name | label | relevant |\n| | txet | a | A | |\n\
        | | text | b | B | ${c} |\n| | select_one l | d | D | |\n| | begin group | g | G | |\n",
    );
    assert_eq!(said.len(), 4, "{said:#?}");
}

#[test]
fn a_workbook_without_survey_says_which_sheet_may_be_meant() {
    let said = errors("| servey |\n| | type |\n| | note |\n| other |\n| | a |\n| | b |\n");
    assert_eq!(said, ["survey: there is no sheet named 'survey'; is 'servey' meant to be it?"]);
}

#[test]
fn a_survey_without_type_column_is_an_error() {
    let said = errors("| survey |\n| | name | label |\n| | a | A |\n");
    assert_eq!(said, ["survey row 1: the sheet has no column 'type'"]);
}

#[test]
fn columns_without_a_meaning_are_told() {
    let (form, problems) =
        of("| survey |\n| | type | name | label | colour |\n| | text | a | A | red |\n");
    assert!(form.is_some());
    let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["survey!D1 (colour): the column is not known and is ignored"]);
}

#[test]
fn only_questions_trigger_also_in_rows_that_are_none() {
    let said = errors(
        "| survey |\n| | type | name | label | trigger |\n| | begin group | g | G | ${g} |\n\
        | | text | a | A | |\n| | end group | | | a |\n",
    );
    assert_eq!(
        said,
        [
            "survey!D4 (trigger): 'a' is not a reference: write ${name}",
            "survey!D2 (trigger): ${g} refers to nothing",
        ]
    );
}

#[test]
fn parameters_are_pairs_in_every_row() {
    let said = errors(
        "| survey |\n| | type | name | label | parameters |\n| | begin group | g | G | rows 3 |\n\
        | | text | a | A | rows=3 |\n| | osm t | b | B | rows |\n| | end group | | | rows |\n",
    );
    assert_eq!(said.len(), 3, "{said:#?}");
}

#[test]
fn a_broken_expression_hides_no_other_mistake() {
    let said = errors("| survey |\n| | type | name | label | relevant |\n| | text | a | | 1 + |\n");
    assert_eq!(
        said,
        [
            "survey!D2 (relevant): the expression is broken at character 4: the expression ends too early",
            "survey!C2 (label): the question has no label and no hint",
        ]
    );
}

#[test]
fn a_select_stores_text() {
    let said = errors(
        "| survey |\n| | type | name | label | bind::type |\n| | select_one l | a | A | int |\n\
        | choices |\n| | list_name | name | label |\n| | l | 1 | X |\n",
    );
    assert_eq!(said.len(), 1, "{said:#?}");
}

#[test]
fn the_groups_of_a_loop_are_named_after_its_choices() {
    let said = errors(
        "| survey |\n| | type | name | label |\n| | begin loop over l | p | P |\n| | text | a | A |\n\
        | | end loop | | |\n| choices |\n| | list_name | name | label |\n| | l | 1 | X |\n",
    );
    assert_eq!(said.len(), 1, "{said:#?}");
}

#[test]
fn a_column_of_entities_that_is_empty_is_no_mistake() {
    let sheets = |note: &str| {
        format!(
            "| survey |\n| | type | name | label |\n| | text | a | A |\n\
            | entities |\n| | list_name | label | why |\n| | e | ${{a}} | {note} |\n"
        )
    };
    assert_eq!(errors(&sheets("")), Vec::<String>::new());
    assert_eq!(errors(&sheets("so")).len(), 1);
}

/// A survey with the sheet of external choices.
fn external(row: &str) -> String {
    format!(
        "| survey |\n| | type | name | label | choice_filter | bind::type |\n{row}\n\
        | external_choices |\n| | list_name | name | label |\n| | x | 1 | One |\n"
    )
}

#[test]
fn no_choice_can_be_added_to_external_choices() {
    assert_eq!(
        errors(&external("| | select_one_external x or_other | a | A | | |")),
        ["survey!A2 (type): there is no list of choices named 'x'"]
    );
}

#[test]
fn external_choices_may_be_stored_as_numbers() {
    assert_eq!(
        errors(&external("| | select_one_external x | a | A | true() | int |")),
        Vec::<String>::new()
    );
}

#[test]
fn a_loop_over_nothing_has_no_questions_to_refer_to() {
    let said = errors(
        "| survey |\n| | type | name | label |\n| | begin loop over l | p | P |\n| | text | a | A |\n\
        | | end loop | | |\n| | note | n | ${a} |\n| choices |\n| | list_name | name | label |\n\
        | | l | none | None |\n",
    );
    assert_eq!(said, ["survey!C5 (label): ${a} refers to nothing"]);
}

#[test]
fn rows_without_a_question_are_looked_at_too() {
    let said = errors(
        "| survey |\n| | type | name | label | trigger | save_to |\n| | audit | | | a | |\n\
        | | csv-external | f | | | name |\n| | text | b | B | | |\n\
        | entities |\n| | list_name | label |\n| | e | ${b} |\n",
    );
    assert_eq!(
        said,
        [
            "survey!D2 (trigger): 'a' is not a reference: write ${name}",
            "survey!E3 (save_to): the name 'name' is reserved",
        ]
    );
}

#[test]
fn names_in_flat_groups_are_unique_beside_them() {
    let sheets = |flat: &str| {
        format!(
            "| survey |\n| | type | name | label |\n| | begin group | g | G |\n| | text | a | A |\n\
            | | end group | | |\n| | text | a | A |\n| settings |\n| | flat |\n| | {flat} |\n"
        )
    };
    assert_eq!(errors(&sheets("no")), Vec::<String>::new());
    assert_eq!(
        errors(&sheets("yes")),
        ["survey!B5 (name): the name 'a' is used twice in the same group (first in row 3)"]
    );
}

#[test]
fn what_a_trigger_sets_has_a_name_of_its_own() {
    let sheets = |rows: &str| {
        format!(
            "| survey |\n| | type | name | label | trigger |\n| | text | a | A | |\n{rows}\n\
            | choices |\n| | list_name | name | label |\n| | l | x | X |\n| | l | y | Y |\n"
        )
    };
    let said =
        |row: u32| vec![format!("survey!D{row} (trigger): ${{b}} refers to several questions")];
    for (what, rows, expected) in [
        ("once", "| | text | b | B | ${a} |", vec![]),
        (
            "twice",
            "| | text | b | B | ${a} |\n| | begin group | g | G | |\n| | text | b | B | |\n| | end group | | | |",
            said(3),
        ),
        (
            "what triggers, twice",
            "| | text | b | B | ${a} |\n| | begin group | g | G | |\n| | text | a | B | |\n| | end group | | | |",
            vec![],
        ),
        (
            "in a loop",
            "| | begin loop over l | p | P | |\n| | text | b | B | ${a} |\n| | end loop | | | |",
            said(4),
        ),
    ] {
        assert_eq!(errors(&sheets(rows)), expected, "{what}");
    }
}

#[test]
fn what_counts_rows_has_a_name_of_its_own() {
    let sheets = |rows: &str| {
        format!(
            "| survey |\n| | type | name | label | repeat_count |\n{rows}\n\
            | choices |\n| | list_name | name | label |\n| | l | x | X |\n| | l | y | Y |\n"
        )
    };
    for (what, rows, row, name) in [
        (
            "in the repeat",
            "| | begin repeat | r | R | 2 |\n| | text | r_count | A | |\n| | end repeat | | | |",
            2,
            "r_count",
        ),
        (
            "elsewhere",
            "| | begin group | g | G | |\n| | text | r_count | A | |\n| | end group | | | |\n| | begin repeat | r | R | 2 |\n| | end repeat | | | |",
            5,
            "r_count",
        ),
        (
            "in a loop",
            "| | begin loop over l | p | P | |\n| | begin group | g | G | 2 |\n| | text | a | A | |\n| | end group | | | |\n| | end loop | | | |",
            3,
            "g_count",
        ),
    ] {
        let said = format!("survey!D{row} (repeat_count): ${{{name}}} refers to several questions");
        assert_eq!(errors(&sheets(rows)), [said], "{what}");
    }
}

#[test]
fn an_entity_that_is_saved_outside_the_repeat_of_its_label_names_both_places() {
    let said = errors(
        "| survey |\n| | type | name | label | save_to |\n| | text | q | Q | p |\n\
        | | begin repeat | r | R | |\n| | text | n | N | |\n| | end repeat | | | |\n\
        | entities |\n| | list_name | label |\n| | e | ${n} |\n",
    );
    assert_eq!(
        said,
        [
            "survey!D2 (save_to): the entity list 'e' is used from different repeats: '/data' and '/data/r'"
        ]
    );
}

#[test]
fn where_choices_have_no_label_every_column_of_them_is_looked_at() {
    let sheets = |columns: &str, cells: &str| {
        format!(
            "| survey |\n| | type | name | label |\n| | select_one l | a | A |\n\
            | choices |\n| | list_name | name | {columns} |\n| | l | x | {cells} |\n"
        )
    };
    let said = ["choices!C2 (k): ${b} refers to nothing"];
    assert_eq!(errors(&sheets("k", "${b}")), said);
    assert_eq!(errors(&sheets("k | image", "${b} | x.png")), said);
    assert_eq!(errors(&sheets("k | label", "${b} | X")), Vec::<String>::new());
}

#[test]
fn the_row_of_a_file_may_name_any_row_of_the_sheet() {
    let sheets = |relevant: &str| {
        format!(
            "| survey |\n| | type | name | label | relevant |\n| | xml-external | f | F | {relevant} |\n\
            | | csv-external | g | ${{last-saved#f}} | |\n| | text | a | A | |\n\
            | | begin group | h | H | |\n| | text | a | A | |\n| | end group | | | |\n"
        )
    };
    assert_eq!(errors(&sheets("${f} = 1")), Vec::<String>::new());
    assert_eq!(errors(&sheets("${g} = 1")), Vec::<String>::new());
    assert_eq!(errors(&sheets("${b} = 1")), ["survey!D2 (relevant): ${b} refers to nothing"]);
    assert_eq!(
        errors(&sheets("${a} = 1")),
        ["survey!D2 (relevant): ${a} refers to several questions"]
    );
    let said = "survey!D2 (relevant): '${a = 1' is not a reference: write ${name}";
    assert_eq!(errors(&sheets("${a = 1")).first().map(String::as_str), Some(said));
}

#[test]
fn a_name_that_a_file_has_too_is_no_reference() {
    let said = errors(
        "| survey |\n| | type | name | label |\n| | text | f | F |\n| | note | n | ${f} |\n\
        | | begin group | g | G |\n| | csv-external | f | |\n| | end group | | |\n",
    );
    assert_eq!(said, ["survey!C3 (label): ${f} refers to several questions"]);
}

#[test]
fn a_select_that_is_not_shown_needs_no_choices() {
    let sheets = |label: &str, calculation: &str, trigger: &str| {
        format!(
            "| survey |\n| | type | name | label | calculation | trigger |\n| | text | a | A | | |\n\
            | | select_one ${{x}} | b | {label} | {calculation} | {trigger} |\n"
        )
    };
    let said = ["survey!A3 (type): ${x} refers to nothing"];
    assert_eq!(errors(&sheets("", "now()", "")), Vec::<String>::new());
    assert_eq!(errors(&sheets("", "", "${a}")), Vec::<String>::new());
    assert_eq!(errors(&sheets("B", "now()", "")), said);
    // What labels the choices of others is shown without a label of its own.
    let heading = sheets("", "now()", "")
        .replace("trigger", "appearance")
        .replace("now() |  |", "now() | label |");
    assert_eq!(errors(&heading), said);
}

#[test]
fn a_question_that_is_named_as_the_form_can_not_be_meant() {
    let sheets = |rows: &str, settings: &str| {
        format!(
            "| survey |\n| | type | name | label | calculation | trigger | repeat_count |\n{rows}\n\
            | settings |\n| | {settings} |\n"
        )
    };
    let question = "| | text | data | A | | | |\n";
    for (what, rows, settings, place) in [
        ("label", format!("{question}| | note | n | ${{data}} | | | |"), "name |\n| | data", "C3 (label)"),
        ("only the form", "| | text | a | A ${a} | | | |".to_owned(), "name |\n| | data", ""),
        ("no reference", question.trim_end().to_owned(), "name |\n| | data", ""),
        ("another case", format!("{question}| | text | Data | ${{Data}} | | | |"), "name |\n| | data", ""),
        ("a trigger", format!("{question}| | calculate | n | | 1 | ${{data}} | |"), "name |\n| | data", ""),
        (
            "what a trigger sets",
            "| | text | a | A | | | |\n| | calculate | data | | 1 | ${a} | |".to_owned(),
            "name |\n| | data",
            "E3 (trigger)",
        ),
        (
            "what counts rows",
            "| | begin repeat | q | Q | | | 2 |\n| | text | a | A | | | |\n| | end repeat | | | | | |".to_owned(),
            "name |\n| | q_count",
            "F2 (repeat_count)",
        ),
    ] {
        let said = errors(&sheets(&rows, settings));
        assert_eq!(said.len(), usize::from(!place.is_empty()), "{what}: {said:?}");
        assert!(said.iter().all(|said| said.starts_with(&format!("survey!{place}: "))), "{what}: {said:?}");
        assert!(said.iter().all(|said| said.ends_with("refers to several questions")), "{what}: {said:?}");
    }
    let named = "name | instance_name |\n| | nm | ${nm}";
    assert_eq!(
        errors(&sheets("| | text | nm | A | | | |", named)),
        ["settings!B2 (instance_name): ${nm} refers to several questions"]
    );
}

#[test]
fn a_select_in_a_table_list_needs_a_label_of_its_own() {
    let sheets = |group: &str, label: &str| {
        format!(
            "| survey |\n| | type | name | label | appearance |\n| | begin group | g | G | {group} |\n\
            | | select_one l | a | {label} | label |\n| | end group | | | |\n\
            | choices |\n| | list_name | name | label |\n| | l | x | X |\n"
        )
    };
    assert_eq!(
        errors(&sheets("table-list", "")),
        ["survey!C3 (label): the question has no label and no hint"]
    );
    assert_eq!(errors(&sheets("table-list", "A")), Vec::<String>::new());
    assert_eq!(errors(&sheets("field-list", "")), Vec::<String>::new());
}

#[test]
fn the_form_itself_has_a_name_that_xml_can_tell() {
    let sheets = |name: &str, pairs: &str| {
        format!(
            "| survey |\n| | type | name | label |\n| | text | a | A |\n\
            | settings |\n| | name | namespaces |\n| | {name} | {pairs} |\n"
        )
    };
    let said = errors(&sheets("a:b", ""));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("settings!A2 (name): 'a:b' cannot be a name"), "{said:?}");
    assert_eq!(errors(&sheets("a:b", "a=u:a")), Vec::<String>::new());
}

#[test]
fn a_name_that_is_needed_otherwise_is_told_where_it_would_stand_in_its_way() {
    let said = |rows: &str| {
        let markdown = format!("| survey |\n| | type | name | label |\n{rows}\n");
        let workbook = read_workbook(markdown.as_bytes(), Kind::Markdown).unwrap();
        let reserved_names = vec!["_state".to_owned()];
        let (form, problems) =
            convert(&workbook, &Options { reserved_names, ..Options::default() });
        assert_eq!(form.is_none(), !problems.is_empty());
        problems.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let told = |row: u32| [format!("survey!B{row} (name): the name '_state' is reserved")];
    assert_eq!(said("| | text | _state | A |"), told(2));
    assert_eq!(said("| | text | _1_state | A |"), [""; 0]);
    assert_eq!(
        said("| | begin group | g | G |\n| | text | _state | A |\n| | end group | | |"),
        [""; 0]
    );
}
