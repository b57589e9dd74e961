//! Pictures made of shapes, put into the page element by element: nothing that a file says is read as HTML.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, MouseEvent};

use super::{document, exception_text, log_error};

const SVG: &str = "http://www.w3.org/2000/svg";
/// The attribute that names the region of a shape.
const REGION: &str = "data-region";

/// A shape: its element, its attributes, its text, and the region it belongs to.
pub struct Drawn<'a> {
    /// The element's name.
    pub element: &'a str,
    /// Names and values.
    pub attributes: Vec<(&'a str, &'a str)>,
    /// The text in it.
    pub text: &'a str,
    /// What a press on it means.
    pub region: Option<&'a str>,
}

/// Puts a picture into an element, in place of what was there.
pub fn draw(into: &HtmlElement, view_box: &str, shapes: &[Drawn]) {
    let put = || {
        let document = document::document().ok_or("no page")?;
        let svg = document.create_element_ns(Some(SVG), "svg")?;
        svg.set_attribute("viewBox", view_box)?;
        for shape in shapes {
            let drawn = document.create_element_ns(Some(SVG), shape.element)?;
            for (name, value) in &shape.attributes {
                drawn.set_attribute(name, value)?;
            }
            if !shape.text.is_empty() {
                drawn.set_text_content(Some(shape.text));
            }
            if let Some(region) = shape.region {
                drawn.set_attribute(REGION, region)?;
            }
            svg.append_child(&drawn)?;
        }
        into.set_text_content(None);
        into.append_child(&svg)
    };
    if let Err(error) = put() {
        log_error(&format!("picture not drawn: {}", exception_text(&error)));
    }
}

/// The region that a press on a picture meant.
#[must_use]
pub fn pressed_region(event: &MouseEvent) -> Option<String> {
    let shape: Element = event.target()?.dyn_into().ok()?;
    shape.get_attribute(REGION)
}

/// Shows which regions of a picture are chosen.
pub fn mark_regions(picture: &HtmlElement, is_chosen: impl Fn(&str) -> bool) {
    let Ok(shapes) = picture.query_selector_all(&format!("[{REGION}]")) else { return };
    for at in 0..shapes.length() {
        let Some(shape) = shapes.get(at).and_then(|node| node.dyn_into::<Element>().ok()) else {
            continue;
        };
        let chosen = shape.get_attribute(REGION).is_some_and(|region| is_chosen(&region));
        let class = if chosen { "region region-chosen" } else { "region" };
        // An attribute of a shape that is in the page can be set.
        drop(shape.set_attribute("class", class));
    }
}
