//! An XForm that anyone wrote: problems, or a form that can be written, read back as the same, and filled in.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|xml: &str| {
    let Ok((form, _)) = form::parse_xform(xml) else { return };
    let written = form::write_xform(&form);
    let (again, _) = form::parse_xform(&written).expect("what is written can be read");
    assert_eq!(form::write_xform(&again), written, "writing what was read changes nothing");
    if let Some(program) = fuzz::program(xml) {
        fuzz::fill(program, &["", "1", "a b", "2024-02-29", "1.5", "k1"]);
    }
});
