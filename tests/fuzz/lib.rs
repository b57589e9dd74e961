//! What the fuzz targets share: forms taken as far as a person could take them, with nothing that changes between runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use form::{Environment, LocalTime, NodeId, Program, Resources, Session, compile, parse_xform};

/// The same moment, seed and person every time: a finding can be played again.
pub fn environment() -> Environment {
    Environment {
        now: LocalTime { unix_ms: 1_732_345_200_000, offset_min: 420 },
        seed: 1,
        properties: BTreeMap::new(),
        instance_id: "uuid:00000000-0000-0000-0000-000000000000".to_owned(),
    }
}

/// An XForm as bytes, up to a compiled program; `None` when it says what is wrong instead.
pub fn program(xml: &str) -> Option<Arc<Program>> {
    let (form, _) = parse_xform(xml).ok()?;
    compile(form, &Resources::default()).ok().map(Arc::new)
}

/// Draws every question that is there, answers the first ones, and sends the record.
pub fn fill(program: Arc<Program>, answers: &[&str]) {
    let mut session = Session::start(program, environment());
    let mut nodes = Vec::new();
    collect(&session, session.root(), &mut nodes);
    for (node, answer) in nodes.iter().zip(answers) {
        // A question may refuse: that is an answer too.
        drop(session.answer(*node, answer));
    }
    for node in nodes.iter().take(8) {
        drop(session.add_row(*node, "k1"));
    }
    drop(session.pages());
    drop(session.violations());
    let xml = session.to_xml();
    let fields = session.program().fields_of(&xml).expect("what a session writes, it reads");
    drop(Session::edit(session.program().clone(), environment(), fields).to_xml());
}

fn collect(session: &Session, node: NodeId, nodes: &mut Vec<NodeId>) {
    if nodes.len() >= 200 {
        return;
    }
    drop(session.state(node));
    drop(session.choices(node));
    nodes.push(node);
    for child in session.children(node) {
        collect(session, child, nodes);
    }
}

/// A form with one calculation, which is the expression.
pub fn with_calculation(expression: &str) -> String {
    let escaped = expression
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    format!(
        r#"<h:html xmlns:h="http://www.w3.org/1999/xhtml" xmlns="http://www.w3.org/2002/xforms"
  xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>f</h:title><model><instance>
  <data id="f"><a>3</a><b>2024-11-23</b><r jr:template=""><x>1</x></r><r><x>2</x></r><c/><meta><instanceID/></meta></data></instance>
  <instance id="l"><root><item><name>n1</name><label>L1</label></item><item><name>n2</name><label>L2</label></item></root></instance>
  <bind nodeset="/data/a" type="int"/><bind nodeset="/data/b" type="date"/>
  <bind nodeset="/data/c" type="string" calculate="{escaped}"/></model></h:head>
  <h:body><input ref="/data/a"/><input ref="/data/b"/><group ref="/data/r"><repeat nodeset="/data/r"><input ref="/data/r/x"/></repeat></group>
  <input ref="/data/c"/></h:body></h:html>"#
    )
}
