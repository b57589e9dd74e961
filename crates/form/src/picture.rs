//! A picture whose regions are choices (`image-map`): the shapes of an SVG file, and nothing else that is in it.

use roxmltree::Node;

use crate::xform::{XformError, parse_document};

/// The shapes of a picture, in the order in which they are painted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picture {
    /// The part of its plane that is shown, as the attribute `viewBox` writes it.
    pub view_box: String,
    /// What is painted.
    pub shapes: Vec<Shape>,
}

/// One shape, with all that its groups say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The element: one of [`SHAPES`].
    pub element: &'static str,
    /// Ids of the shape and of the groups around it, from within: a choice's value is among them, if it is a region.
    pub ids: Vec<String>,
    /// Attributes, names and values, each one of those that only say how the shape looks.
    pub attributes: Vec<(&'static str, String)>,
    /// The text, of an element that has one.
    pub text: String,
}

/// Elements that paint by themselves. Pictures in pictures, scripts, links and styles are not among them.
pub const SHAPES: [&str; 9] =
    ["path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan"];

/// Where a shape is.
const GEOMETRY: [&str; 17] = [
    "d", "x", "y", "width", "height", "rx", "ry", "cx", "cy", "r", "x1", "y1", "x2", "y2",
    "points", "dx", "dy",
];

/// How it looks; a group's hold for what is in it.
const LOOKS: [&str; 16] = [
    "fill",
    "fill-opacity",
    "fill-rule",
    "stroke",
    "stroke-width",
    "stroke-opacity",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-dasharray",
    "opacity",
    "font-size",
    "font-weight",
    "font-style",
    "text-anchor",
    "dominant-baseline",
    "visibility",
];

/// Groups whose shapes are painted where they stand; the shapes of others (`defs`, `symbol` …) are not.
const GROUPS: [&str; 4] = ["svg", "g", "a", "switch"];

/// Reads an SVG file.
pub fn read_picture(svg: &str) -> Result<Picture, XformError> {
    let document = parse_document(svg)?;
    let root = document.root_element();
    if root.tag_name().name() != "svg" {
        return Err(XformError::Missing("svg"));
    }
    let mut picture = Picture { view_box: view_box(root), shapes: Vec::new() };
    read(root, &Around::default(), &mut picture.shapes);
    Ok(picture)
}

fn view_box(root: Node) -> String {
    let length = |name: &str| {
        let text = root.attribute(name)?.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        xpath::number::parse(text).filter(|length| *length > 0.0)
    };
    match (root.attribute("viewBox"), length("width"), length("height")) {
        (Some(own), ..) => own.to_owned(),
        (None, Some(width), Some(height)) => format!("0 0 {width} {height}"),
        _ => "0 0 100 100".to_owned(),
    }
}

/// What the groups around a node say.
#[derive(Clone, Default)]
struct Around {
    ids: Vec<String>,
    looks: Vec<(&'static str, String)>,
    transform: String,
}

impl Around {
    fn with(&self, node: Node) -> Self {
        let mut inner = self.clone();
        if let Some(id) = node.attribute("id") {
            inner.ids.insert(0, id.to_owned());
        }
        if let Some(transform) = node.attribute("transform") {
            if !inner.transform.is_empty() {
                inner.transform.push(' ');
            }
            inner.transform.push_str(transform);
        }
        let styled = node.attribute("style").into_iter().flat_map(|style| style.split(';'));
        let styled = styled.filter_map(|rule| rule.split_once(':'));
        let own = LOOKS.iter().filter_map(|name| Some((*name, node.attribute(*name)?)));
        for (name, value) in own.chain(styled) {
            let (name, value) = (name.trim(), value.trim());
            // A paint that is fetched from somewhere is none.
            let Some(name) = LOOKS.iter().find(|known| **known == name) else { continue };
            if value.contains("url(") {
                continue;
            }
            inner.looks.retain(|(known, _)| known != name);
            inner.looks.push((name, value.to_owned()));
        }
        inner
    }
}

/// Recursive, as the depth of a document is limited.
fn read(node: Node, around: &Around, shapes: &mut Vec<Shape>) {
    let inner = around.with(node);
    let name = node.tag_name().name();
    if GROUPS.contains(&name) {
        node.children().filter(Node::is_element).for_each(|child| read(child, &inner, shapes));
        return;
    }
    let Some(element) = SHAPES.iter().find(|shape| **shape == name) else { return };
    let place = GEOMETRY.iter().filter_map(|name| Some((*name, node.attribute(*name)?.to_owned())));
    let mut attributes: Vec<(&'static str, String)> = place.chain(inner.looks.clone()).collect();
    if !inner.transform.is_empty() {
        attributes.push(("transform", inner.transform.clone()));
    }
    let text: String = match *element {
        "text" | "tspan" => node.descendants().filter_map(own_text).collect(),
        _ => String::new(),
    };
    shapes.push(Shape { element, ids: inner.ids, attributes, text });
}

fn own_text<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    node.text().filter(|_| node.is_text())
}
