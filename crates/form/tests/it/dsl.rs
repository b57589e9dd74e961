//! Writes forms and drives sessions in few words.

use std::collections::BTreeMap;
use std::sync::Arc;

use form::{
    Change, Environment, LocalTime, NodeId, NodeState, Problem, Program, Resources, Session,
    compile, parse_xform,
};

const HEAD: &str = r#"<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
 xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms"
 xmlns:odk="http://www.opendatakit.org/xforms"><h:head><h:title>Test</h:title><model>"#;

/// A form: what stands in the primary instance, the rest of the model, and the body.
pub fn xform(data: &str, model: &str, body: &str) -> String {
    format!(
        r#"{HEAD}<instance><data id="test" version="1">{data}</data></instance>{model}</model></h:head><h:body>{body}</h:body></h:html>"#
    )
}

#[expect(clippy::unwrap_in_result, reason = "a test's form is XML")]
pub fn try_compile(xml: &str, resources: &Resources) -> Result<Arc<Program>, Vec<Problem>> {
    let (form, problems) = parse_xform(xml).expect("the test's form is XML");
    assert!(problems.is_empty(), "{problems:?}");
    compile(form, resources).map(Arc::new)
}

pub fn program(data: &str, model: &str, body: &str) -> Arc<Program> {
    match try_compile(&xform(data, model, body), &Resources::default()) {
        Ok(program) => program,
        Err(problems) => panic!("{problems:#?}"),
    }
}

pub fn environment() -> Environment {
    Environment {
        // 2024-11-23T08:30:00+07:00
        now: LocalTime { unix_ms: 1_732_325_400_000, offset_min: 420 },
        seed: 1,
        properties: BTreeMap::from([("username".to_owned(), "lan".to_owned())]),
        instance_id: "uuid:test".to_owned(),
    }
}

pub fn start(data: &str, model: &str, body: &str) -> Session {
    Session::start(program(data, model, body), environment())
}

/// Inputs for paths below the root.
pub fn inputs(names: &[&str]) -> String {
    names.iter().map(|name| format!(r#"<input ref="/data/{name}"/>"#)).collect()
}

pub trait Drive {
    fn node(&self, path: &str) -> NodeId;
    fn shown(&self, path: &str) -> NodeState;
    fn put(&mut self, path: &str, text: &str) -> Vec<Change>;
    fn value(&self, path: &str) -> String;
    fn values(&self, path: &str) -> Vec<String>;
}

impl Drive for Session {
    fn node(&self, path: &str) -> NodeId {
        self.find(path).unwrap_or_else(|| panic!("nothing is drawn for {path}"))
    }

    fn shown(&self, path: &str) -> NodeState {
        self.state(self.node(path)).expect("the node is there")
    }

    fn put(&mut self, path: &str, text: &str) -> Vec<Change> {
        self.answer(self.node(path), text).expect("the question takes answers")
    }

    fn value(&self, path: &str) -> String {
        self.fields().get(path).cloned().unwrap_or_default()
    }

    fn values(&self, path: &str) -> Vec<String> {
        self.choices(self.node(path)).iter().map(|choice| choice.value.clone()).collect()
    }
}
