//! Forms of any size, made up from a seed: what measurements and bounds are taken on.
//!
//! [`questions`] has the mix of real forms: 35 % text, 25 % integer, 20 % select one, 10 % select multiple, 10 % dates;
//! 30 % with a relevance on an earlier answer, 10 % with a constraint, and running sums over the integers.

use std::fmt::Write as _;

use xpath::Random;

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms" xmlns:odk="http://www.opendatakit.org/xforms"><h:head><h:title>Generated</h:title><model odk:xforms-version="1.0.0">"#;

/// Questions in a group.
const GROUP: usize = 20;
/// Lists of choices.
const LISTS: usize = 10;
/// Terms of a running sum before it begins anew.
const CHAIN: usize = 10;

/// The parts of a form's XML.
#[derive(Debug, Default)]
struct Parts {
    data: String,
    instances: String,
    binds: String,
    body: String,
}

impl Parts {
    fn finish(self) -> String {
        let Self { data, instances, binds, body } = self;
        format!(
            "{HEAD}<instance><data id=\"generated\" version=\"1\">{data}<meta><instanceID/></meta></data></instance>\
             {instances}{binds}<bind nodeset=\"/data/meta/instanceID\" type=\"string\" readonly=\"true()\" \
             jr:preload=\"uid\"/></model></h:head><h:body>{body}</h:body></h:html>"
        )
    }

    fn bind(&mut self, path: &str, attributes: &str) {
        push(&mut self.binds, format_args!("<bind nodeset=\"{path}\" {attributes}/>"));
    }
}

fn push(out: &mut String, text: std::fmt::Arguments) {
    out.write_fmt(text).expect("writing to a string does not fail");
}

/// A form of `n` questions in groups of twenty, with what is calculated from them shown by notes.
pub fn questions(n: usize, seed: u64) -> String {
    let random = Random::new(seed);
    let below = |n: usize| {
        let n = u64::try_from(n.max(1)).unwrap_or(u64::MAX);
        usize::try_from(random.bits() % n).unwrap_or_default()
    };
    let mut parts = Parts::default();
    for list in 0..LISTS {
        push(&mut parts.instances, format_args!("<instance id=\"l{list}\"><root>"));
        for choice in 1..=5 {
            let item = format_args!(
                "<item><name>c{choice}</name><label>Choice {choice} of list {list}</label></item>"
            );
            push(&mut parts.instances, item);
        }
        parts.instances.push_str("</root></instance>");
    }
    // Earlier questions that another may depend on: path, condition, number.
    let mut controllers: Vec<(String, usize)> = Vec::new();
    let (mut terms, mut sums) = (Vec::new(), 0);
    for i in 1..=n {
        if i % GROUP == 1 {
            let group = i / GROUP + 1;
            push(&mut parts.data, format_args!("<g{group}>"));
            push(
                &mut parts.body,
                format_args!("<group ref=\"/data/g{group}\"><label>Group {group}</label>"),
            );
        }
        let group = format!("/data/g{}", (i - 1) / GROUP + 1);
        let path = format!("{group}/q{i}");
        let kind = ["string", "int", "select1", "select", "date"][match below(100) {
            0..35 => 0,
            35..60 => 1,
            60..80 => 2,
            80..90 => 3,
            _ => 4,
        }];
        let mut attributes = match kind {
            "select1" | "select" => "type=\"string\"".to_owned(),
            kind => format!("type=\"{kind}\""),
        };
        let mut free = true;
        if below(100) < 30 && !controllers.is_empty() {
            free = false;
            let near = controllers.iter().position(|(_, number)| number + 40 >= i);
            let from = near.filter(|_| below(100) < 80).unwrap_or_default();
            let (condition, _) = &controllers[from + below(controllers.len() - from)];
            push(&mut attributes, format_args!(" relevant=\"{condition}\""));
        }
        if below(100) < 10 {
            let constraint = match kind {
                "int" => ". &gt;= 0 and . &lt;= 120",
                "date" => ". &lt;= '2030-12-31'",
                "select" => "count-selected(.) &lt;= 4",
                "select1" => ". != 'c5'",
                _ => "string-length(.) &lt;= 60",
            };
            push(
                &mut attributes,
                format_args!(" constraint=\"{constraint}\" jr:constraintMsg=\"Not allowed here\""),
            );
        }
        parts.bind(&path, &attributes);
        push(&mut parts.data, format_args!("<q{i}/>"));
        let label = format!("<label>q{i}: {kind} question number {i} of the form</label>");
        let list = below(LISTS);
        match kind {
            "select1" | "select" => push(
                &mut parts.body,
                format_args!(
                    "<{kind} ref=\"{path}\">{label}<itemset nodeset=\"instance('l{list}')/root/item\">\
                     <value ref=\"name\"/><label ref=\"label\"/></itemset></{kind}>"
                ),
            ),
            _ => push(&mut parts.body, format_args!("<input ref=\"{path}\">{label}</input>")),
        }
        match kind {
            "int" if free && terms.len() < 2 => terms.push(path),
            "int" if free => controllers.push((format!("{path} &gt; 5"), i)),
            "select1" if free => controllers.push((format!("{path} = 'c2'"), i)),
            "select" if free => controllers.push((format!("selected({path}, 'c4')"), i)),
            _ => {}
        }
        if i % GROUP == 0 || i == n {
            let before = (sums % CHAIN != 0).then(|| format!("/data/g{sums}/sum{sums}"));
            sums += 1;
            let own = terms.drain(..).map(|term| format!("coalesce({term}, 0)"));
            let sum: Vec<String> = before.into_iter().chain(own).chain(["0".to_owned()]).collect();
            parts.bind(
                &format!("{group}/sum{sums}"),
                &format!("type=\"string\" calculate=\"{}\"", sum.join(" + ")),
            );
            parts.bind(&format!("{group}/n{sums}"), "readonly=\"true()\"");
            push(
                &mut parts.data,
                format_args!("<sum{sums}/><n{sums}/></g{}>", (i - 1) / GROUP + 1),
            );
            push(
                &mut parts.body,
                format_args!(
                    "<input ref=\"{group}/n{sums}\"><label>n{sums}: running total is \
                     [<output value=\"{group}/sum{sums}\"/>]</label></input></group>"
                ),
            );
        }
    }
    parts.finish()
}

/// A repeat of `questions` questions with a calculation and a relevance in each row, and a sum over all rows. With
/// `counted` the form itself makes that many rows; else a person adds them.
pub fn rows(questions: usize, counted: Option<usize>) -> String {
    let mut parts = Parts::default();
    parts.data.push_str("<lines jr:template=\"\">");
    let count = counted.map(|count| format!(" jr:count=\"{count}\"")).unwrap_or_default();
    push(
        &mut parts.body,
        format_args!(
            "<group ref=\"/data/lines\"><label>Lines</label><repeat nodeset=\"/data/lines\"{count}>"
        ),
    );
    for i in 1..=questions {
        push(&mut parts.data, format_args!("<r{i}/>"));
        let data_type = if i % 5 == 1 { "string" } else { "int" };
        let relevant =
            if i % 5 == 0 { format!(" relevant=\" ../r{} = '2'\"", i - 1) } else { String::new() };
        parts.bind(&format!("/data/lines/r{i}"), &format!("type=\"{data_type}\"{relevant}"));
        push(
            &mut parts.body,
            format_args!("<input ref=\"/data/lines/r{i}\"><label>r{i} in the row</label></input>"),
        );
    }
    parts.data.push_str("<line_total/></lines><grand/>");
    parts.body.push_str("</repeat></group>");
    parts.bind(
        "/data/lines/line_total",
        "type=\"string\" calculate=\"coalesce( ../r2 , 0) * coalesce( ../r3 , 0)\"",
    );
    parts.bind("/data/grand", "type=\"string\" calculate=\"sum( /data/lines/line_total )\"");
    parts.finish()
}

/// `n` calculations, each one more than the one before; the first follows the question `/data/c0`.
pub fn chain(n: usize) -> String {
    let mut parts = Parts::default();
    parts.data.push_str("<c0/>");
    for i in 1..=n {
        push(&mut parts.data, format_args!("<c{i}/>"));
        parts.bind(
            &format!("/data/c{i}"),
            &format!("type=\"int\" calculate=\" /data/c{} + 1\"", i - 1),
        );
    }
    parts.body.push_str("<input ref=\"/data/c0\"><label>Start</label></input>");
    parts.finish()
}

/// How many choices of a long list belong together.
pub const TOGETHER: usize = 25;

/// A question `/data/place` that offers, of a list of `n` choices in the form, those of the answer to `/data/area`.
pub fn long_list(n: usize) -> String {
    let mut items = String::new();
    for i in 0..n {
        let area = i % n.div_ceil(TOGETHER).max(1);
        push(
            &mut items,
            format_args!(
                "<item><name>p{i}</name><label>Place {i}</label><area>a{area}</area></item>"
            ),
        );
    }
    filtered(format!("<instance id=\"places\"><root>{items}</root></instance>"))
}

/// The same with the list in a file beside the form; gives the form and the file, which is called `places.csv`.
pub fn long_file(n: usize) -> (String, String) {
    let mut csv = String::from("name,label,area\n");
    for i in 0..n {
        let area = i % n.div_ceil(TOGETHER).max(1);
        push(&mut csv, format_args!("p{i},\"Place {i}, of area {area}\",a{area}\n"));
    }
    let instance = "<instance id=\"places\" src=\"jr://file-csv/places.csv\"/>";
    (filtered(instance.to_owned()), csv)
}

fn filtered(instances: String) -> String {
    let mut parts = Parts { instances, ..Parts::default() };
    parts.data.push_str("<area/><place/><label/>");
    parts.bind("/data/area", "type=\"string\"");
    parts.bind("/data/place", "type=\"string\"");
    parts.bind(
        "/data/label",
        "type=\"string\" calculate=\"instance('places')/root/item[name = /data/place ]/label\"",
    );
    parts.body.push_str(
        "<input ref=\"/data/area\"><label>Area</label></input><select1 ref=\"/data/place\">\
         <label>Place</label><itemset nodeset=\"instance('places')/root/item[area = /data/area ]\">\
         <value ref=\"name\"/><label ref=\"label\"/></itemset></select1>",
    );
    parts.finish()
}
