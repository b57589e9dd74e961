//! The pack's own forms against what pyxform made of the same workbooks.

use std::{fs, io::Read, path::Path};

use xlsform::{Kind, Options, Severity, convert, read_workbook};

fn folder(relative: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

fn unpacked(path: &Path) -> String {
    let mut text = String::new();
    let file = fs::File::open(path).expect("an expected form");
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
    text
}

#[test]
fn every_form_of_the_pack_equals_what_pyxform_makes() {
    let mut compared = 0;
    for entry in fs::read_dir(folder("../../packs/long-khanh-2024/forms")).expect("the pack") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|n| n.to_str()).expect("a name").to_owned();
        let workbook =
            read_workbook(&fs::read(&path).expect("bytes"), Kind::Spreadsheet).expect("a workbook");
        let keep_columns = ["weight", "data_class", "source"].map(str::to_owned).to_vec();
        let options = Options { form_id: Some(name.clone()), keep_columns, ..Options::default() };
        let (form, problems) = convert(&workbook, &options);
        let errors: Vec<_> = problems.iter().filter(|p| p.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
        let ours = form::write_xform(&form.expect("a form without errors"));
        let theirs = unpacked(&folder(&format!("tests/forms/{name}.xml.gz")));
        let parse = |xml: &str| scenario::canonical::parse(xml).expect("XML");
        assert_eq!(scenario::canonical::difference(&parse(&theirs), &parse(&ours)), None, "{name}");
        compared += 1;
    }
    assert_eq!(compared, 18);
}

#[test]
fn no_word_of_the_pack_begins_small_and_goes_on_large() {
    for entry in fs::read_dir(folder("tests/forms")).expect("the expected forms") {
        let path = entry.expect("an entry").path();
        let xml = unpacked(&path);
        let texts = xml.lines().filter_map(|line| line.trim().strip_prefix("<value>"));
        for text in texts {
            let mut words = text.split(|letter: char| !letter.is_alphanumeric());
            let is_cut = |word: &&str| {
                let mut letters = word.chars();
                letters.next().is_some_and(char::is_lowercase)
                    && letters.next().is_some_and(char::is_uppercase)
            };
            assert_eq!(words.find(is_cut), None, "{}: {text}", path.display());
        }
    }
}

#[test]
fn kept_columns_become_attributes_of_the_binds() {
    let path = folder("../../packs/long-khanh-2024/forms/diem_danh.xlsx");
    let workbook =
        read_workbook(&fs::read(path).expect("bytes"), Kind::Spreadsheet).expect("a workbook");
    let options = Options { keep_columns: vec!["data_class".to_owned()], ..Options::default() };
    let (form, _) = convert(&workbook, &options);
    let form = form.expect("a form");
    let bind = form.binds.iter().find(|b| b.nodeset == "/data/hv_dan_toc").expect("the bind");
    assert_eq!(bind.attribute("sotay:data_class"), Some("nhay_cam"));
    assert!(form.namespaces.contains(&("sotay".to_owned(), xlsform::SOTAY_NAMESPACE.to_owned())));
}
