//! An expression that anyone wrote: it is refused with its place, or it can be written out, read again, and evaluated.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(expression) = xpath::Expr::parse(text) else { return };
    let written = expression.ast().to_string();
    let again = xpath::Expr::parse(&written).expect("what is written can be read");
    assert_eq!(again.ast().to_string(), written, "from {text:?}");
    // What XML cannot hold never reaches the engine this way.
    if !text.chars().all(|c| c >= ' ' && c != '\u{fffe}' && c != '\u{ffff}') {
        return;
    }
    if let Some(program) = fuzz::program(&fuzz::with_calculation(text)) {
        fuzz::fill(program, &["", "", "5", "2024-02-29", "x"]);
    }
});
