//! Where the top of the phone points to, by its magnetic sensor.

use std::cell::RefCell;

use futures::channel::oneshot;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use super::tasks;

/// How long a sensor may take: one that is not there never says so.
const PATIENCE_MS: u32 = 3_000;
/// Chrome's event with the earth's north, then the one of iPhones.
const EVENTS: [&str; 2] = ["deviceorientationabsolute", "deviceorientation"];

/// Whether this browser has such a thing; the phone may still lack the sensor.
#[must_use]
pub fn is_supported() -> bool {
    web_sys::window().is_some_and(|window| {
        Reflect::has(&window, &"DeviceOrientationEvent".into()).unwrap_or(false)
    })
}

/// Degrees clockwise from north. `None` if it is not allowed, or there is no sensor.
pub async fn bearing() -> Option<f64> {
    let window = web_sys::window()?;
    // An iPhone asks its owner, and only on a press.
    let of = Reflect::get(&window, &"DeviceOrientationEvent".into()).ok()?;
    let ask = Reflect::get(&of, &"requestPermission".into()).ok()?.dyn_into::<Function>();
    if let Ok(ask) = ask {
        let asked: Promise = ask.call0(&of).ok()?.dyn_into().ok()?;
        let said = JsFuture::from(asked).await.ok()?;
        if said.as_string().as_deref() != Some("granted") {
            return None;
        }
    }
    let (give, given) = oneshot::channel::<Option<f64>>();
    let give = std::rc::Rc::new(RefCell::new(Some(give)));
    let late = give.clone();
    let answer = move |to: &RefCell<Option<oneshot::Sender<Option<f64>>>>, heading| {
        if let Some(to) = to.borrow_mut().take() {
            tasks::answer(to, heading);
        }
    };
    let heard = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| {
        if let Some(heading) = heading(&event) {
            answer(&give, Some(heading));
        }
    });
    let timer = tasks::after(PATIENCE_MS, move || answer(&late, None));
    for event in EVENTS {
        window.add_event_listener_with_callback(event, heard.as_ref().unchecked_ref()).ok()?;
    }
    let found = given.await.ok().flatten();
    timer.cancel();
    for event in EVENTS {
        window.remove_event_listener_with_callback(event, heard.as_ref().unchecked_ref()).ok()?;
    }
    found
}

fn heading(event: &JsValue) -> Option<f64> {
    let number = |name: &str| Reflect::get(event, &name.into()).ok()?.as_f64();
    let is_absolute =
        Reflect::get(event, &"absolute".into()).ok().and_then(|value| value.as_bool());
    match (number("webkitCompassHeading"), number("alpha"), is_absolute) {
        (Some(heading), ..) => Some(heading),
        // `alpha` turns the other way round.
        (None, Some(alpha), Some(true)) => Some((360.0 - alpha).rem_euclid(360.0)),
        _ => None,
    }
}
