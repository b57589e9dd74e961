//! Reading codes with the camera, where the browser can (`BarcodeDetector`: Chrome on Android).

use std::{cell::Cell, rc::Rc};

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::exception_text;

/// How long between two looks at the picture.
const LOOK_EVERY_MS: u32 = 200;

/// The camera or the reader could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("scan: {0}")]
pub struct ScanError(String);

impl ScanError {
    #[expect(clippy::needless_pass_by_value, reason = "used as `map_err(ScanError::of)`")]
    fn of(error: JsValue) -> Self {
        Self(exception_text(&error))
    }
}

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

/// Shows the camera, with `front` the one on the screen's side, in `video` until a code is read, or until told to stop (`None`).
pub async fn scan(video: JsValue, front: bool, stop: Stop) -> Result<Option<String>, ScanError> {
    let facing = if front { "user" } else { "environment" };
    let stream = open_camera(facing).await.map_err(ScanError::of)?;
    let read = look(&video, &stream, &stop).await.map_err(ScanError::of);
    close_camera(&stream).map_err(ScanError::of)?;
    read
}

async fn open_camera(facing: &str) -> Result<JsValue, JsValue> {
    let navigator = web_sys::window().ok_or("no page")?.navigator();
    let devices = Reflect::get(&navigator, &"mediaDevices".into())?;
    let video = Object::new();
    Reflect::set(&video, &"facingMode".into(), &facing.into())?;
    let wanted = Object::new();
    Reflect::set(&wanted, &"video".into(), &video)?;
    call(&devices, "getUserMedia", &[&wanted]).await
}

async fn look(video: &JsValue, stream: &JsValue, stop: &Stop) -> Result<Option<String>, JsValue> {
    Reflect::set(video, &"srcObject".into(), stream)?;
    call(video, "play", &[]).await?;
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

fn close_camera(stream: &JsValue) -> Result<(), JsValue> {
    let tracks: Function = Reflect::get(stream, &"getTracks".into())?.dyn_into()?;
    let tracks: Array = tracks.call0(stream)?.dyn_into()?;
    for track in tracks.iter() {
        let end: Function = Reflect::get(&track, &"stop".into())?.dyn_into()?;
        end.call0(&track)?;
    }
    Ok(())
}

async fn call(of: &JsValue, method: &str, arguments: &[&JsValue]) -> Result<JsValue, JsValue> {
    let function: Function = Reflect::get(of, &method.into())?.dyn_into()?;
    let arguments: Array = arguments.iter().copied().collect();
    let promise: Promise = function.apply(of, &arguments)?.dyn_into()?;
    JsFuture::from(promise).await
}
