//! Reading codes with the camera, where the browser can (`BarcodeDetector`: Chrome on Android).

use std::{cell::Cell, rc::Rc};

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::{
    call,
    camera::{Camera, CameraError, Side},
};

/// How long between two looks at the picture.
const LOOK_EVERY_MS: u32 = 200;

/// Whether this browser can read codes.
#[must_use]
pub fn is_supported() -> bool {
    web_sys::window()
        .is_some_and(|window| Reflect::has(&window, &"BarcodeDetector".into()).unwrap_or(false))
}

/// Tells a running scan to stop.
#[derive(Clone, Default)]
pub struct Stop(Rc<Cell<bool>>);

impl Stop {
    /// The scan ends at its next look.
    pub fn stop(&self) {
        self.0.set(true);
    }
}

/// Shows a camera in `video` until a code is read, or until told to stop (`None`).
pub async fn scan(video: JsValue, side: Side, stop: Stop) -> Result<Option<String>, CameraError> {
    let camera = Camera::open(side, None).await?;
    camera.show_in(&video).await?;
    look(&video, &stop).await.map_err(CameraError::of)
}

async fn look(video: &JsValue, stop: &Stop) -> Result<Option<String>, JsValue> {
    let window = web_sys::window().ok_or("no page")?;
    let reader: Function = Reflect::get(&window, &"BarcodeDetector".into())?.dyn_into()?;
    let reader = Reflect::construct(&reader, &Array::new())?;
    while !stop.0.get() {
        let found: Array = call(&reader, "detect", &[video]).await?.dyn_into()?;
        let text =
            Reflect::get(&found.get(0), &"rawValue".into()).ok().and_then(|text| text.as_string());
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            return Ok(Some(text));
        }
        super::tasks::sleep(LOOK_EVERY_MS).await;
    }
    Ok(None)
}
