//! A record as another program sent it: refused, or resumed and written again without losing what it said.
#![no_main]

use std::sync::{Arc, LazyLock};

use form::{Program, Session};
use libfuzzer_sys::fuzz_target;

static PROGRAM: LazyLock<Arc<Program>> = LazyLock::new(|| {
    fuzz::program(&fuzz::with_calculation("sum(/data/r/x) + count(/data/r) * /data/a"))
        .expect("the form is right")
});

fuzz_target!(|xml: &str| {
    let Ok(fields) = PROGRAM.fields_of(xml) else { return };
    let session = Session::resume(PROGRAM.clone(), fuzz::environment(), &fields);
    let again = PROGRAM.fields_of(&session.to_xml()).expect("what a session writes, it reads");
    drop(Session::edit(PROGRAM.clone(), fuzz::environment(), again).to_xml());
});
