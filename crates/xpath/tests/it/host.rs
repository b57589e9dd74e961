//! What a host can answer: short cuts, texts, instances.

use std::{borrow::Cow, cell::RefCell};

use xpath::{Expr, Host, Nodes, ast::Name, ast::Path};

use crate::tree::{Id, Xml, text_of};

#[derive(Default)]
struct Recorder {
    lookups: RefCell<Vec<String>>,
    paths: RefCell<Vec<u32>>,
}

impl<'x> Host<Xml<'x>> for Recorder {
    fn resolve(&self, path: &Path, _context: Id) -> Option<Nodes<Id>> {
        self.paths.borrow_mut().push(path.id);
        None
    }
    fn lookup(&self, _parent: Id, element: &Name, key: &Name, text: &str) -> Option<Nodes<Id>> {
        self.lookups.borrow_mut().push(format!("{element}[{key}={text}]"));
        Some(Nodes::None)
    }
    fn itext(&self, id: &str) -> Option<Cow<'_, str>> {
        Some(format!("<{id}>").into())
    }
    fn choice_name(&self, value: &str, path: &str, _node: Id) -> Option<Cow<'_, str>> {
        Some(format!("{value} of {path}").into())
    }
}

#[test]
fn an_equality_with_a_fixed_text_asks_the_index_and_nothing_else_does() {
    let xml = "<root><item><name>a</name></item><key>a</key></root>";
    for (expression, asked) in [
        ("/root/item[name = 'a']", Some("item[name=a]")),
        ("/root/item['a' = name]", Some("item[name=a]")),
        ("/root/item[name = /root/key]", Some("item[name=a]")),
        ("/root/item[name = current()/root/key]", Some("item[name=a]")),
        ("/root/item[name = 1]", None),
        ("/root/item[name != 'a']", None),
        ("/root/item[name = ../key]", None),
        ("/root/item[name = string(position())]", None),
        ("/root/item[1][name = 'a']", None),
    ] {
        let host = Recorder::default();
        text_of(xml, expression, &host).expect("it evaluates");
        assert_eq!(host.lookups.borrow().first().map(String::as_str), asked, "{expression}");
    }
}

#[test]
fn every_path_is_offered_to_the_host_by_its_number() {
    let host = Recorder::default();
    let expression = "/root/a + b[c = 1] + current()/d";
    text_of("<root><b/></root>", expression, &host).expect("it evaluates");
    let ids: Vec<u32> =
        Expr::parse(expression).expect("parses").paths().iter().map(|p| p.id).collect();
    assert_eq!(ids, [0, 1, 2, 3]);
    assert_eq!(*host.paths.borrow(), [0, 1, 3]);
}

#[test]
fn texts_and_labels_come_from_the_host() {
    let host = Recorder::default();
    assert_eq!(text_of("<a/>", "jr:itext('q1')", &host).as_deref(), Ok("<q1>"));
    assert_eq!(text_of("<a/>", "jr:choice-name('x', '/a')", &host).as_deref(), Ok("x of /a"));
}

#[test]
fn what_an_expression_reads_can_be_listed() {
    let expr = Expr::parse("if(selected(/d/a, 'x'), ../b[@k = $v], explode())").expect("parses");
    let paths: Vec<String> = expr
        .paths()
        .into_iter()
        .map(|path| xpath::ast::Expression::Path(path.clone()).to_string())
        .collect();
    assert_eq!(paths, ["/d/a", "../b[@k = $v]", "@k"]);
    assert_eq!(expr.functions(), ["if", "selected", "explode"]);
}
