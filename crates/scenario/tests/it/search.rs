//! `search()` in an appearance, from the workbook to the submission: choices are rows of the file beside the form.

use std::sync::Arc;

use form::{Environment, Resources, Session, compile, parse_xform, write_xform};
use xlsform::{Kind, Options, convert, read_workbook};

const WORKBOOK: &str = "| survey |\n| | type | name | label | appearance |\n\
    | | select_one huyen | huyen | Huyện | search('xa') |\n\
    | | begin_repeat | tham | Lần thăm | |\n\
    | | select_one xa | xa | Xã | minimal search('xa', 'matches', 'huyen', ${huyen}) |\n\
    | | text | tim | Tìm | |\n\
    | | select_multiple xa | cac_xa | Các xã | search('xa', 'startswith', 'ten_xa', ${tim}, 'huyen', ${huyen}) |\n\
    | | end_repeat | | | |\n\
    | choices |\n| | list_name | name | label |\n\
    | | huyen | huyen | ten_huyen |\n| | xa | ma_xa | ten_xa |\n| | xa | 99 | Nơi khác |\n";
const FILE: &str = "huyen,ten_huyen,ma_xa,ten_xa\nlk,Long Khánh,bq,Bảo Quang\nlk,Long Khánh,hg,Hàng Gòn\nxl,Xuân Lộc,xb,Xuân Bảo\n";

#[test]
fn one_file_offers_districts_and_the_villages_of_the_one_that_is_chosen() {
    let workbook = read_workbook(WORKBOOK.as_bytes(), Kind::Markdown).expect("a workbook");
    let (form, problems) = convert(&workbook, &Options::default());
    let xml = write_xform(&form.unwrap_or_else(|| panic!("{problems:?}")));
    assert!(xml.contains("appearance=\"search('xa')\""), "other clients search themselves: {xml}");
    let (form, problems) = parse_xform(&xml).expect("XML");
    assert!(problems.is_empty(), "{problems:?}");
    let resources = Resources { files: [("xa.csv".to_owned(), FILE.to_owned())].into() };
    let program = compile(form, &resources).expect("no problems");
    let mut form = Session::start(Arc::new(program), Environment::default());
    let node = |form: &Session, path: &str| form.find(path).expect("it is drawn");
    let offered = |form: &Session, path: &str| -> Vec<String> {
        let choices = form.choices(node(form, path));
        choices.iter().map(|c| format!("{} {}", c.value, c.label.text)).collect()
    };
    assert_eq!(offered(&form, "huyen"), ["lk Long Khánh", "xl Xuân Lộc"]);
    form.answer(node(&form, "huyen"), "lk").expect("an answer");
    let other = "99 Nơi khác";
    assert_eq!(offered(&form, "tham[1]/xa"), [other, "bq Bảo Quang", "hg Hàng Gòn"]);
    form.answer(node(&form, "tham[1]/tim"), "hà").expect("an answer");
    assert_eq!(offered(&form, "tham[1]/cac_xa"), [other, "hg Hàng Gòn"]);
    form.answer(node(&form, "tham[1]/xa"), "hg").expect("an answer");
    form.answer(node(&form, "huyen"), "xl").expect("an answer");
    assert_eq!(offered(&form, "tham[1]/xa"), [other, "xb Xuân Bảo"]);
    assert!(form.to_xml().contains("<xa/>"), "{}", form.to_xml());
}
