//! `docs/feature-matrix.md` says what is so today.

use std::collections::BTreeSet;
use std::path::Path;

use scenario::features;

#[test]
fn the_matrix_in_the_docs_is_current_and_nothing_in_it_fails() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let now = features::matrix(&root).expect("the sources are there");
    assert!(!now.contains("| fails"), "{now}");
    let docs =
        std::fs::read_to_string(root.join("docs/feature-matrix.md")).expect("the matrix is there");
    assert!(
        docs == now,
        "run: cargo run -p scenario --bin feature_matrix > docs/feature-matrix.md"
    );
}

#[test]
fn every_function_is_tried() {
    let tried: BTreeSet<&str> = features::functions().collect();
    let known: BTreeSet<&str> =
        xpath::Function::ALL.iter().map(|function| function.name()).collect();
    assert_eq!(tried, known);
}

#[test]
fn every_type_is_tried() {
    let tried: Vec<&str> = features::types().collect();
    let is_tried = |name: &&str| {
        tried.iter().any(|row| {
            row == name || row.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '))
        })
    };
    let missing: Vec<&str> = xlsform::question_types().filter(|name| !is_tried(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_appearance_that_the_app_asks_for_is_in_the_matrix() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let rows: BTreeSet<&str> = features::appearances().collect();
    let asked = features::asked_appearances(&root).expect("the sources are there");
    for word in ["search", "draw", "columns-", "compact-", "persian", "image-map"] {
        assert!(asked.contains(word), "{word} is asked for, and not seen: {asked:?}");
    }
    let missing: Vec<&String> = asked.iter().filter(|word| !rows.contains(word.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
