//! A spreadsheet, csv or Markdown file: problems by sheet, row and column, or a form whose XForm can be read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xlsform::{Kind, Options, convert, read_workbook};

// The fuzzer's own hook would end the process at a panic that is caught; one that is not still does.
fuzz_target!(init: drop(std::panic::take_hook()), |bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    // A spreadsheet begins with the P of its archive, and keeps it.
    let workbook = match kind {
        b'c' => read_workbook(bytes, Kind::Csv),
        b'm' => read_workbook(bytes, Kind::Markdown),
        _ => read_workbook(&[&[*kind], bytes].concat(), Kind::Spreadsheet),
    };
    let Ok(workbook) = workbook else { return };
    let (form, problems) = convert(&workbook, &Options::default());
    let Some(form) = form else {
        assert!(!problems.is_empty(), "what is refused is told");
        return;
    };
    form::parse_xform(&form::write_xform(&form)).expect("what is converted can be read");
});
