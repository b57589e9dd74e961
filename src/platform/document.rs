//! The page as a whole: its title, its language and its events.

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{
    Document, Element, EventTarget, FocusEvent, HtmlAnchorElement, HtmlDialogElement, HtmlElement,
    HtmlInputElement, HtmlTextAreaElement, KeyboardEvent, ScrollIntoViewOptions,
    ScrollLogicalPosition, Window,
};

use super::{exception_text, log_error};

pub(super) fn document() -> Option<Document> {
    web_sys::window()?.document()
}

/// Calls `then` at every such event, for as long as the page lives.
pub(super) fn listen(target: &EventTarget, event: &str, then: impl FnMut() + 'static) {
    let callback = Closure::<dyn FnMut()>::new(then);
    if let Err(error) =
        target.add_event_listener_with_callback(event, callback.as_ref().unchecked_ref())
    {
        log_error(&format!("no {event} events: {}", exception_text(&error)));
    }
    callback.forget();
}

/// Takes away what `index.html` shows until the program is here.
pub fn remove_opening_sign() {
    if let Some(sign) = document().and_then(|document| document.get_element_by_id("opening")) {
        sign.remove();
    }
}

/// Sets the page's title.
pub fn set_title(title: &str) {
    if let Some(document) = document() {
        document.set_title(title);
    }
}

/// Sets an attribute of the root element: `lang`, `data-theme` …
pub fn set_root_attribute(name: &str, value: &str) {
    let root = document().and_then(|document| document.document_element());
    if let Some(Err(error)) = root.map(|root| root.set_attribute(name, value)) {
        log_error(&format!("{name} not set: {}", exception_text(&error)));
    }
}

/// Sets the root element's text size in percent of the phone's own.
pub fn set_text_percent(percent: u16) {
    // Through the style object: the content security policy allows no style attribute.
    let root =
        document().and_then(|document| document.document_element()?.dyn_into::<HtmlElement>().ok());
    let scale = (f64::from(percent) / 100.0).to_string();
    let set = root.map(|root| root.style().set_property("--text-scale", &scale));
    if let Some(Err(error)) = set {
        log_error(&format!("text size not set: {}", exception_text(&error)));
    }
}

/// The height of a window, in units of its text size, that leaves room for the head of a form above its questions.
const ROOMY: f64 = 28.0;

/// What scrolls in a form: its questions, or all of it where the window is short.
pub const FORM_SCROLLERS: [&str; 2] = [".form-scroll", ".form-view"];

/// The width of the window in units of its text size.
#[must_use]
pub fn width_in_letters() -> Option<f64> {
    in_letters(Window::inner_width)
}

fn in_letters(measure: impl Fn(&Window) -> Result<JsValue, JsValue>) -> Option<f64> {
    let window = web_sys::window()?;
    let size = measure(&window).ok()?.as_f64()?;
    let root = window.document()?.document_element()?;
    let style = window.get_computed_style(&root).ok()??;
    let text = style.get_property_value("font-size").ok()?;
    Some(size / js_sys::parse_float(&text))
}

/// Says in `data-short` on the root element whether the window has little height for its text: before a form is drawn, and whenever the
/// window changes its size under it.
///
/// A container query could ask the same, but costs each answer in a long form the finding of styles in the midst of layout.
pub fn mark_height() {
    let root = document().and_then(|document| document.document_element());
    let (Some(root), Some(height)) = (root, in_letters(Window::inner_height)) else { return };
    let is_short = height < ROOMY;
    if root.has_attribute("data-short") == is_short {
        return;
    }
    let find = |selector| root.query_selector(selector).ok().flatten();
    let top_of = |element: &Element| element.get_bounding_client_rect().top();
    let top = || find(".form-page").map_or(0.0, |page| top_of(&page));
    let typing = find(".form-page :read-write:focus").filter(|field| top_of(field) >= 0.0);
    let before = top();
    if let Err(error) = root.toggle_attribute_with_force("data-short", is_short) {
        log_error(&format!("data-short not set: {}", exception_text(&error)));
    }
    // Another element scrolls from here on: what is on screen stays where it is.
    if let Some(scroller) = find(FORM_SCROLLERS[usize::from(is_short)]) {
        scroller.set_scroll_top(scroller.scroll_top() + (top() - before).round() as i32);
    }
    // What is typed in is neither below the keyboard nor behind the head.
    if let Some(field) = typing {
        let question = field.closest(".question").ok().flatten().unwrap_or(field);
        let nearest = ScrollIntoViewOptions::new();
        nearest.set_block(ScrollLogicalPosition::Nearest);
        question.scroll_into_view_with_scroll_into_view_options(&nearest);
    }
}

/// The address of this version's own script, which no other version has. None where the app was built without a name for it.
#[must_use]
pub fn own_script() -> Option<String> {
    let script = document()?.query_selector("script[data-js]").ok()??;
    script.get_attribute("data-js")
}

/// Loads the page anew.
pub fn reload() {
    if let Some(Err(error)) = web_sys::window().map(|window| window.location().reload()) {
        log_error(&format!("not reloaded: {}", exception_text(&error)));
    }
}

/// Tells the start script that the app is on screen: it takes its waiting sign away.
pub fn announce_started() {
    set_root_attribute("data-started", "");
}

/// What can take the focus inside an element.
const CONTROLS: &str = "input:not([type=hidden]):not(:disabled), textarea, select, button, a[href]";

/// What was picked among several; the focus on another would look like a second answer.
const PICKED: &str = "input[type=radio]:checked";

/// Scrolls to the first element that matches, and gives the focus to the first control in it, or to the answer picked in it.
pub fn go_to(selector: &str) -> bool {
    scroll_to(selector).is_some_and(|element| {
        enter(&element);
        true
    })
}

/// Gives the focus to the first control in the first element that matches, or to the answer picked in it.
pub fn focus_in(selector: &str) {
    if let Some(element) = find(selector) {
        enter(&element);
    }
}

fn enter(element: &Element) {
    let first = |selector| element.query_selector(selector).ok().flatten();
    let control = first(CONTROLS).map(|control| match first(PICKED) {
        Some(picked) if control.matches("input[type=radio]").unwrap_or(false) => picked,
        _ => control,
    });
    if let Some(control) = control {
        give_focus(control);
    }
}

fn find(selector: &str) -> Option<Element> {
    document()?.query_selector(selector).ok()?
}

/// Gives the focus to the first element that matches; whether it has it now.
pub fn focus(selector: &str) -> bool {
    find(selector).is_some_and(|element| {
        give_focus(element.clone());
        element.matches(":focus").unwrap_or(false)
    })
}

/// Whoever was on what is gone comes to what matches `there`, if it can take the focus, else to `or_there`.
pub fn catch_focus(there: Option<&str>, or_there: &str) {
    // Who was brought there is on nothing of their own.
    let active = document().and_then(|document| document.active_element());
    let is_brought = active.is_some_and(|active| active.matches(or_there).unwrap_or(false));
    if let Some(there) = there.filter(|_| is_brought || is_focus_lost()) {
        focus(there);
    }
    if is_focus_lost() {
        focus(or_there);
    }
}

/// Whoever was on what is gone comes to what matches inside the element.
pub fn catch_focus_in(element: &Element, selector: &str) {
    if is_focus_lost()
        && let Ok(Some(there)) = element.query_selector(selector)
    {
        give_focus(there);
    }
}

/// Whether it is on the page itself, or on what is not drawn.
fn is_focus_lost() -> bool {
    let active = document().and_then(|document| document.active_element());
    let active = active.and_then(|active| active.dyn_into::<HtmlElement>().ok());
    active.is_none_or(|active| active.offset_parent().is_none())
}

/// Where the focus comes from, or goes to, if that is outside of what matches.
#[must_use]
pub fn other_end(event: &FocusEvent, selector: &str) -> Option<Element> {
    let other = event.related_target()?.dyn_into::<Element>().ok()?;
    other.closest(selector).ok()?.is_none().then_some(other)
}

/// Gives the focus to an element.
pub fn give_focus(element: Element) {
    if let Ok(element) = element.dyn_into::<HtmlElement>()
        && let Err(error) = element.focus()
    {
        log_error(&format!("no focus: {}", exception_text(&error)));
    }
}

/// From the link of a row that a key was pressed on to that of the row so many further on; whether there is one.
pub fn focus_link_beside(event: &KeyboardEvent, step: i32) -> bool {
    let link = || {
        let row = event.target()?.dyn_into::<HtmlAnchorElement>().ok()?.parent_element()?;
        let place: i32 = row.get_attribute("aria-posinset")?.parse().ok()?;
        let beside = format!("[aria-posinset='{}'] > a", place + step);
        row.parent_element()?.query_selector(&beside).ok()?
    };
    link().map(give_focus).is_some()
}

/// Closes the sheet that is open; whether there was one.
pub fn close_sheet() -> bool {
    let sheet = document().and_then(|document| document.query_selector("dialog[open]").ok()?);
    let sheet = sheet.and_then(|sheet| sheet.dyn_into::<HtmlDialogElement>().ok());
    sheet.is_some_and(|sheet| {
        sheet.close();
        true
    })
}

/// Scrolls until the first element that matches begins at the top.
pub fn scroll_to(selector: &str) -> Option<Element> {
    let element = find(selector)?;
    element.scroll_into_view();
    Some(element)
}

/// Writes the text of an input that somebody has just come to: what is selected stays so, and the cursor where it was among what stays.
pub fn rewrite_text(id: &str, text: &str) {
    let element = document().and_then(|document| document.get_element_by_id(id));
    let Some(Ok(input)) = element.map(JsCast::dyn_into::<HtmlInputElement>) else {
        return;
    };
    let before = input.value();
    if before == text {
        return;
    }
    let place = |at: u32| {
        let mut stays = text.chars().peekable();
        let is_there = |old: &char| stays.next_if_eq(old).is_some();
        let count = before.chars().take(at as usize).filter(is_there).count();
        u32::try_from(count).unwrap_or(at)
    };
    let selected = [input.selection_start(), input.selection_end()].map(|at| at.ok().flatten());
    input.set_value(text);
    if let [Some(start), Some(end)] = selected
        && let Err(error) = input.set_selection_range(place(start), place(end))
    {
        log_error(&format!("cursor not put back: {}", exception_text(&error)));
    }
}

/// Writes the text of an input or an area, unless it stands there: writing moves the cursor.
pub fn write_text(id: &str, text: &str) {
    let Some(element) = document().and_then(|document| document.get_element_by_id(id)) else {
        return;
    };
    match element.dyn_into::<HtmlInputElement>() {
        Ok(input) if input.value() != text => input.set_value(text),
        Ok(_) => {}
        Err(element) => {
            if let Ok(area) = element.dyn_into::<HtmlTextAreaElement>()
                && area.value() != text
            {
                area.set_value(text);
            }
        }
    }
}

/// Whether what is left is a field whose parts make no date or time yet.
#[must_use]
pub fn is_half_typed(event: &FocusEvent) -> bool {
    let field = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    field.is_some_and(|field| field.matches("input:invalid").unwrap_or(false))
}

/// Scrolls the elements that match back to their beginning.
pub fn scroll_to_top(selector: &str) {
    if let Some(element) = find(selector) {
        element.set_scroll_top(0);
    }
}
