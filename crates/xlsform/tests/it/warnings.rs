//! What does not stop a form and is told all the same, with its place.

use crate::{of, xml};
use xlsform::Severity;

/// The warnings of a Markdown table that makes a form.
fn warnings(markdown: &str) -> Vec<String> {
    let (form, problems) = of(markdown);
    assert!(form.is_some(), "{problems:#?}");
    assert!(problems.iter().all(|p| p.severity == Severity::Warning), "a form has no errors");
    problems.iter().map(ToString::to_string).collect()
}

/// (what, rows of the survey below `type name label choice_filter disabled`, what is said)
const SURVEYS: [(&str, &str, &[&str]); 11] = [
    ("a form without a flaw", "| | text | a | A | | |", &[]),
    (
        "names that differ in case",
        "| | text | a | A | | |\n| | text | A | B | | |",
        &["survey!B3 (name): the name 'A' differs from another only in letter case"],
    ),
    (
        "names of different groups",
        "| | begin group | g | G | | |\n| | text | a | A | | |\n| | end group | | | | |\n| | text | A | B | | |",
        &[],
    ),
    (
        "a repeat without a label",
        "| | begin repeat | r | | | |\n| | text | a | A | | |\n| | end repeat | | | | |",
        &["survey!C2 (label): the repeat has no label"],
    ),
    (
        "an image of any size",
        "| | image | a | A | | |",
        &["survey row 2: an image without 'max-pixels' takes much room"],
    ),
    (
        "what phones no longer tell",
        "| | simserial | a | | | |\n| | subscriberid | b | | | |\n| | get sim id | c | | | |",
        &[
            "survey!A2 (type): the type 'simserial' is no longer supported on most devices",
            "survey!A3 (type): the type 'subscriberid' is no longer supported on most devices",
        ],
    ),
    (
        "all external choices at once",
        "| | select_one_external x | a | A | | |",
        &[
            "survey!D2 (choice_filter): choices of the sheet 'external_choices' are meant to be used with a choice filter",
        ],
    ),
    ("some external choices", "| | select_one_external x | a | A | true() | |", &[]),
    (
        "a column of old",
        "| | text | a | A | | no |\n| | txet | b | B | | yes |",
        &[
            "survey!E2 (disabled): the column 'disabled' is no part of XLSForm: 'relevant' is better",
            "survey!E3 (disabled): the column 'disabled' is no part of XLSForm: 'relevant' is better",
        ],
    ),
    (
        "a row of nothing but the column of old",
        "| | text | a | A | | |\n| | | | | | no |",
        &[
            "survey!E3 (disabled): the column 'disabled' is no part of XLSForm: 'relevant' is better",
        ],
    ),
    (
        "a row of nothing but a filter",
        "| | text | a | A | | |\n| | | | | 1 | |",
        &["survey!A3 (type): the row has neither type, name nor label and is skipped"],
    ),
];

#[test]
fn what_is_odd_in_the_survey_is_told_with_its_cell() {
    for (what, rows, expected) in SURVEYS {
        let markdown = format!(
            "| survey |\n| | type | name | label | choice_filter | disabled |\n{rows}\n\
            | external_choices |\n| | list_name | name | label |\n| | x | 1 | One |\n"
        );
        assert_eq!(warnings(&markdown), expected, "{what}");
    }
}

#[test]
fn what_a_column_means_for_groups_alone_or_not_at_all_is_told() {
    let said = warnings(
        "| survey |\n| | type | name | label | intent | bind::a::b |\n| | begin group | g | G | x.y | |\n\
        | | text | a | A | x.y | c |\n| | end group | | | | |\n",
    );
    assert_eq!(
        said,
        [
            "survey!D3 (intent): 'intent' is not supported and has no effect",
            "survey!E1 (bind::a::b): the column is not known and is ignored",
        ]
    );
}

#[test]
fn a_choice_without_a_label_is_told() {
    let said = warnings(
        "| survey |\n| | type | name | label |\n| | select_one l | a | A |\n\
        | choices |\n| | list_name | name | label | image |\n| | l | x | | x.png |\n",
    );
    assert_eq!(said, ["choices!C2 (label): the choice has no label"]);
}

#[test]
fn every_sheet_that_may_be_a_misspelt_one_is_told_unless_its_name_says_no() {
    let said = warnings(
        "| survey |\n| | type | name | label |\n| | text | a | A |\n\
        | setting |\n| | title |\n| | T |\n| Stettings |\n| | title |\n| | T |\n\
        | _settings |\n| | title |\n| | T |\n| entitees |\n| | a |\n| | b |\n",
    );
    let sheets: Vec<_> = said.iter().filter_map(|s| s.split_once(':')).map(|(s, _)| s).collect();
    assert_eq!(sheets, ["setting", "Stettings", "entitees"], "{said:#?}");
}

#[test]
fn columns_that_a_language_lacks_are_told_for_each_sheet() {
    let said = warnings(
        "| survey |\n| | type | name | label::English (en) | label::Tiếng Việt (vi) | hint::English (en) | \
        constraint_message |\n| | select_one l | a | A | A | H | C |\n\
        | choices |\n| | list_name | name | label | image::English (en) |\n| | l | x | X | x.png |\n",
    );
    let expected = [
        ("survey!F1 (constraint_message)", "English (en)", "constraint_message"),
        ("survey!F1 (constraint_message)", "Tiếng Việt (vi)", "constraint_message"),
        ("survey!E1 (hint::English (en))", "Tiếng Việt (vi)", "hint"),
        ("survey!E1 (hint::English (en))", "default", "hint"),
        ("survey!C1 (label::English (en))", "default", "label"),
        ("choices!D1 (image::English (en))", "default", "image"),
        ("choices!C1 (label)", "English (en)", "label"),
    ];
    let expected = expected.map(|(place, language, what)| {
        format!("{place}: no text in '{language}' for '{what}', which other languages have")
    });
    assert_eq!(said, expected);
}

#[test]
fn a_language_is_known_by_a_code_that_exists() {
    let said = warnings(
        "| survey |\n| | type | name | label::Tiếng Việt | label::English (en) | label::Deutsch (de-CH) | \
        label::Tiếng Tày (tyz) | label::Việt (vn) | label::fr | label::Việt (vie) | label::Không (zzz) | \
        label::Fr (fr) (fr) | label::Ế (ế) |\n| | text | a | A | A | A | A | A | A | A | A | A | A |\n",
    );
    assert_eq!(
        said,
        [
            "survey!C1 (label::Tiếng Việt): 'Tiếng Việt' has no language code, such as 'Tiếng Việt (vi)'",
            "survey!G1 (label::Việt (vn)): 'Việt (vn)' has no language code, such as 'Tiếng Việt (vi)'",
            "survey!I1 (label::Việt (vie)): 'Việt (vie)' has no language code, such as 'Tiếng Việt (vi)'",
            "survey!J1 (label::Không (zzz)): 'Không (zzz)' has no language code, such as 'Tiếng Việt (vi)'",
            "survey!K1 (label::Fr (fr) (fr)): 'Fr (fr) (fr)' has no language code, such as 'Tiếng Việt (vi)'",
            "survey!L1 (label::Ế (ế)): 'Ế (ế)' has no language code, such as 'Tiếng Việt (vi)'",
        ]
    );
}

#[test]
fn the_default_language_needs_a_code_when_it_has_texts_beside_others() {
    let said = warnings(
        "| survey |\n| | type | name | label | label::English (en) |\n| | text | a | A | A |\n\
        | settings |\n| | default_language |\n| | Vietnamese |\n",
    );
    assert_eq!(
        said,
        [
            "settings!A1 (default_language): 'Vietnamese' has no language code, such as 'Tiếng Việt (vi)'"
        ]
    );
}

#[test]
fn or_other_is_told_when_there_are_translations() {
    let sheets = |labels: &str| {
        format!(
            "| survey |\n| | type | name | {labels} |\n| | select_one l or_other | a | A | A |\n\
            | choices |\n| | list_name | name | label |\n| | l | x | X |\n"
        )
    };
    assert_eq!(warnings(&sheets("label | hint")), Vec::<String>::new());
    assert_eq!(
        warnings(&sheets("label::English (en) | label::Tiếng Việt (vi)")),
        [
            "survey!A2 (type): 'or_other' adds texts in English only: write the choice and its question out"
        ]
    );
}

#[test]
fn form_id_is_taken_where_id_string_stands_beside_it() {
    for (headers, cells) in
        [("id_string | form_id", "old | new"), ("form_id | id_string", "new | old")]
    {
        let markdown = format!(
            "| survey |\n| | type | name | label |\n| | text | a | A |\n\
            | settings |\n| | {headers} |\n| | {cells} |\n"
        );
        assert_eq!(warnings(&markdown).len(), 1, "{headers}");
        let (form, _) = of(&markdown);
        let id = form.map(|form| form.id().to_owned());
        assert_eq!(id.as_deref(), Some("new"), "{headers}");
    }
}

#[test]
fn a_key_to_encrypt_with_and_another_server_are_told_to_have_no_effect() {
    let settings = |key: &str, url: &str| {
        warnings(&format!(
            "| survey |\n| | type | name | label |\n| | text | a | A |\n\
            | settings |\n| | form_id | public_key | submission_url |\n| | f | {key} | {url} |\n"
        ))
    };
    let key = "settings!B2 (public_key): 'public_key' is not supported and has no effect";
    let url = "settings!C2 (submission_url): 'submission_url' is not supported and has no effect";
    assert_eq!(settings("MIIB", ""), [key]);
    assert_eq!(settings("", "https://khac.example"), [url]);
    assert_eq!(settings("", ""), [""; 0]);
}

/// A form with these namespaces in its settings.
fn namespaces(pairs: &str) -> String {
    format!(
        "| survey |\n| | type | name | label |\n| | text | a | A |\n\
        | settings |\n| | namespaces |\n| | {pairs} |\n"
    )
}

#[test]
fn a_prefix_is_declared_once_whatever_the_settings_say() {
    const ODK: &str = "http://www.opendatakit.org/xforms";
    const ORX: &str = "http://openrosa.org/xforms";
    let told = |pair: &str| {
        let what = format!("settings!A2 (namespaces): '{pair}' is not supported and has no effect");
        vec![what]
    };
    for (pairs, declared, said) in [
        (format!("odk=\"{ODK}\""), format!("xmlns:odk=\"{ODK}\""), vec![]),
        (format!("orx={ORX}"), format!("xmlns:orx=\"{ORX}\""), vec![]),
        ("odk=\"u:o\"".to_owned(), format!("xmlns:odk=\"{ODK}\""), told("odk=\"u:o\"")),
        ("e='u:a' e='u:a'".to_owned(), "xmlns:e=\"u:a\"".to_owned(), vec![]),
        ("e=u:a e='u:b'".to_owned(), "xmlns:e=\"u:b\"".to_owned(), told("e=u:a")),
        ("e='u:a' e".to_owned(), "xmlns:e=\"u:a\"".to_owned(), told("e")),
        ("e='u:a' f=''".to_owned(), "xmlns:e=\"u:a\"".to_owned(), told("f=''")),
        ("e='u:a' 1x=u:b".to_owned(), "xmlns:e=\"u:a\"".to_owned(), told("1x=u:b")),
        ("e='u:a' xmlns=u:b".to_owned(), "xmlns:e=\"u:a\"".to_owned(), told("xmlns=u:b")),
    ] {
        let markdown = namespaces(&pairs);
        assert_eq!(warnings(&markdown), said, "{pairs}");
        let xml = xml(&markdown);
        assert_eq!(xml.matches(&declared).count(), 1, "{pairs}: {xml}");
        assert_eq!(scenario::canonical::parse(&xml).err(), None, "{pairs}");
    }
}

#[test]
fn what_the_sheet_does_not_name_differs_from_nothing_in_case() {
    for (rows, said) in [
        (
            "| | integer | R_count | N | |\n| | begin repeat | r | R | 2 |\n| | end repeat | | | |",
            0,
        ),
        (
            "| | begin repeat | r | R | 2 |\n| | end repeat | | | |\n| | integer | R_count | N | |",
            0,
        ),
        ("| | text | A_other | O | |\n| | select_one l or_other | a | A | |", 0),
        (
            "| | begin group | g | G | 2 |\n| | end group | | | |\n| | begin group | G | G | 2 |\n| | end group | | | |",
            1,
        ),
    ] {
        let markdown = format!(
            "| survey |\n| | type | name | label | jr:count |\n{rows}\n\
            | choices |\n| | list_name | name | label |\n| | l | x | X |\n"
        );
        let told = warnings(&markdown);
        assert_eq!(told.len(), said, "{rows}: {told:#?}");
    }
}

#[test]
fn a_column_that_would_break_the_xml_is_left_out_and_told() {
    let sheets = |survey: &str, choices: &str| {
        format!(
            "| survey |\n| | type | name | label::en (en) | {survey} |\n| | select_one l | a | A | v |\n\
            | choices |\n| | list_name | name | label::en (en) | {choices} |\n| | l | x | X | v |\n"
        )
    };
    for (survey, choices, said) in [
        ("hint::en (en)", "media:image", "choices!D1 (media:image)"),
        ("hint::en (en)", "label:fr", "choices!D1 (label:fr)"),
        ("hint::en (en)", "xml:lang", "choices!D1 (xml:lang)"),
        ("hint::en (en)", "xmlns:x", "choices!D1 (xmlns:x)"),
        ("body::ref", "k", "survey!D1 (body::ref)"),
        ("body::nodeset", "k", "survey!D1 (body::nodeset)"),
        ("bind::nodeset", "k", "survey!D1 (bind::nodeset)"),
    ] {
        let markdown = sheets(survey, choices);
        assert_eq!(
            warnings(&markdown),
            [format!("{said}: the column is not known and is ignored")]
        );
        let xml = xml(&markdown);
        assert_eq!(scenario::canonical::parse(&xml).err(), None, "{survey} {choices}: {xml}");
    }
    let declared = sheets("hint::en (en)", "e:k | ").replace("| v |", "| v | |")
        + "| settings |\n| | namespaces |\n| | e=u:e |\n";
    assert_eq!(warnings(&declared), Vec::<String>::new());
    assert!(xml(&declared).contains("<e:k>v</e:k>"));
}

#[test]
fn a_query_is_written_once() {
    let markdown =
        "| survey |\n| | type | name | label | query | body::query |\n| | text | a | A | l | x |\n";
    assert_eq!(
        warnings(markdown),
        ["survey!E2 (body::query): the column is not known and is ignored"]
    );
    let xml = xml(markdown);
    assert_eq!(scenario::canonical::parse(&xml).err(), None, "{xml}");
    assert!(xml.contains(r#"query="instance('l')/root/item""#), "{xml}");
}

#[test]
fn an_external_choice_without_a_name_is_told_and_its_list_is_there() {
    let sheets = |header: &str, cells: &str| {
        format!(
            "| survey |\n| | type | name | label | choice_filter |\n| | text | a | A | |\n\
            | | select_one_external l | b | B | k=${{a}} |\n\
            | external_choices |\n| | list_name | label | k | {header} |\n| | l | A | 1 | {cells} |\n"
        )
    };
    assert_eq!(
        warnings(&sheets("name", "")),
        ["external_choices!D2 (name): the choice has no name"]
    );
    assert_eq!(
        warnings(&sheets("x", "1")),
        ["external_choices row 1: the sheet has no column 'name'"]
    );
}
