//! `or_other`, from the workbook to the submission: a further choice, and a question that it opens.

use std::sync::Arc;

use form::{Environment, Resources, Session, compile};
use xlsform::{Kind, Options, convert, read_workbook};

const WORKBOOK: &str = "| survey |\n| | type | name | label |\n\
    | | select_one source or_other | nguon | Nguồn tiền |\n\
    | | select_multiple source or_other | cac_nguon | Các nguồn |\n\
    | choices |\n| | list_name | name | label |\n| | source | ns | Ngân sách |\n| | source | vd | Vận động |\n";

#[test]
fn what_is_not_in_the_list_is_written_beside_it() {
    let workbook = read_workbook(WORKBOOK.as_bytes(), Kind::Markdown).expect("a workbook");
    let (form, problems) = convert(&workbook, &Options::default());
    let form = form.unwrap_or_else(|| panic!("{problems:?}"));
    let program = compile(form, &Resources::default()).expect("no problems");
    let mut form = Session::start(Arc::new(program), Environment::default());
    let node = |form: &Session, path: &str| form.find(path).expect("it is drawn");
    for (select, answer, other) in
        [("nguon", "other", "nguon_other"), ("cac_nguon", "ns other", "cac_nguon_other")]
    {
        let (select, other_node) = (node(&form, select), node(&form, other));
        let values: Vec<String> = form.choices(select).iter().map(|c| c.value.clone()).collect();
        assert_eq!(values, ["ns", "vd", "other"]);
        assert!(!form.is_relevant(other_node));
        form.answer(select, answer).expect("an answer");
        assert!(form.is_relevant(other_node));
        form.answer(other_node, "Tài trợ").expect("an answer");
        assert!(form.to_xml().contains(&format!("<{other}>Tài trợ</{other}>")));
        form.answer(select, "ns").expect("an answer");
        assert!(!form.is_relevant(other_node) && !form.to_xml().contains("Tài trợ"));
    }
}
