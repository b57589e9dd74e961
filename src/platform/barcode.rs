//! Reading codes with the camera: by the browser where it can (`BarcodeDetector`: Chrome on Android), else by the app's own
//! reader, which is a part of the app that comes when it is needed.

use std::{cell::Cell, rc::Rc};

use barcode::{LOOKS, Picture};
use futures::future::LocalBoxFuture;
use js_sys::{Array, Function, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use super::{
    call, call_now,
    camera::{self, Camera, CameraError, Side},
    document::document,
    tasks,
};

/// How long between two looks at the picture.
const LOOK_EVERY_MS: u32 = 150;
/// About how many dots the camera's picture is long.
const CAMERA_DOTS: u32 = 1280;
/// How many of them the app's own reader looks at.
const LOOKED_AT_DOTS: f64 = 640.0;

/// Looks at what a `<video>` shows until there is a code in it, or until told to stop (`None`).
pub type Reader = fn(JsValue, Stop) -> LocalBoxFuture<'static, Result<Option<String>, JsValue>>;

/// Whether codes can be read here: wherever there is a camera.
#[must_use]
pub fn is_supported() -> bool {
    camera::is_supported()
}

/// The browser's own reader, if it has one.
#[must_use]
pub fn of_browser() -> Option<Reader> {
    let window = web_sys::window()?;
    let has = Reflect::has(&window, &"BarcodeDetector".into()).unwrap_or(false);
    has.then_some(|video, stop| Box::pin(async move { detect(&video, &stop).await }))
}

/// The app's own reader. Whoever names it brings its part of the app along.
#[must_use]
pub fn of_app() -> Reader {
    |video, stop| Box::pin(async move { look(&video, &stop).await })
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

/// Shows a camera in `video` and gives each code that is read to `take`, until that wants no more, or until told to stop.
pub async fn scan(
    video: JsValue,
    side: Side,
    stop: Stop,
    reader: Reader,
    take: impl Fn(String) -> bool,
) -> Result<(), CameraError> {
    let is_away = Rc::new(Cell::new(false));
    let (away, ends) = (Rc::clone(&is_away), stop.clone());
    // Nobody reads a code in a picture that stands still.
    let on_end = move || {
        away.set(true);
        ends.stop();
    };
    let camera = Camera::open(side, Some(CAMERA_DOTS), on_end).await?;
    camera.show_in(&video).await?;
    while let Some(code) = reader(video.clone(), stop.clone()).await.map_err(CameraError::of)? {
        if !take(code) {
            return Ok(());
        }
        tasks::sleep(LOOK_EVERY_MS).await;
    }
    if is_away.get() { Err(CameraError::TakenAway) } else { Ok(()) }
}

async fn detect(video: &JsValue, stop: &Stop) -> Result<Option<String>, JsValue> {
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
        tasks::sleep(LOOK_EVERY_MS).await;
    }
    Ok(None)
}

/// By turns at the whole picture and at its middle, which is larger then; the page goes on between two ways to look.
async fn look(video: &JsValue, stop: &Stop) -> Result<Option<String>, JsValue> {
    let canvas = document().ok_or("no page")?.create_element("canvas")?.into();
    let often = Object::new();
    Reflect::set(&often, &"willReadFrequently".into(), &true.into())?;
    let context = call_now(&canvas, "getContext", &[&"2d".into(), &often])?;
    let parts = [1.0, 0.5];
    for part in parts.iter().cycle() {
        let picture = draw(video, &canvas, &context, *part)?;
        for look in picture.iter().flat_map(|picture| LOOKS.map(|look| move || look(picture))) {
            if stop.0.get() {
                return Ok(None);
            }
            if let Some(text) = look() {
                return Ok(Some(text));
            }
            tasks::step_back().await;
        }
        tasks::sleep(LOOK_EVERY_MS).await;
        if stop.0.get() {
            break;
        }
    }
    Ok(None)
}

/// The middle of what the video shows, so large a part of it; nothing before its first picture.
fn draw(
    video: &JsValue,
    canvas: &JsValue,
    context: &JsValue,
    part: f64,
) -> Result<Option<Picture>, JsValue> {
    let length = |name: &str| {
        Reflect::get(video, &name.into())
            .ok()
            .and_then(|length| length.as_f64())
            .unwrap_or_default()
    };
    let (width, height) = (length("videoWidth"), length("videoHeight"));
    let (from_width, from_height) = (width * part, height * part);
    let scale = (LOOKED_AT_DOTS / from_width.max(from_height)).min(1.0);
    let (to_width, to_height) = ((from_width * scale).floor(), (from_height * scale).floor());
    if to_width < 1.0 || to_height < 1.0 {
        return Ok(None);
    }
    Reflect::set(canvas, &"width".into(), &to_width.into())?;
    Reflect::set(canvas, &"height".into(), &to_height.into())?;
    let (left, top) = ((width - from_width) / 2.0, (height - from_height) / 2.0);
    let [left, top, from_width, from_height, zero, to_width_js, to_height_js] =
        [left, top, from_width, from_height, 0.0, to_width, to_height].map(JsValue::from);
    let place = [&left, &top, &from_width, &from_height, &zero, &zero, &to_width_js, &to_height_js];
    let drawn: Vec<&JsValue> = [video].into_iter().chain(place).collect();
    call_now(context, "drawImage", &drawn)?;
    let dots = call_now(context, "getImageData", &[&zero, &zero, &to_width_js, &to_height_js])?;
    let colours = Uint8Array::new(&Reflect::get(&dots, &"data".into())?).to_vec();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and LOOKED_AT_DOTS"
    )]
    Ok(Picture::of_rgba(to_width as usize, to_height as usize, &colours))
}
