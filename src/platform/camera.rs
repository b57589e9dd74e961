//! The camera in the page (`getUserMedia`).

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{ImageBitmap, MediaStream, MediaStreamTrack};

use super::{call, exception_text};

/// The camera could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CameraError {
    /// The person, or the browser in their name, does not let the page.
    #[error("refused")]
    Refused,
    /// The browser knows of none.
    #[error("no camera")]
    Missing,
    /// Anything else, as the browser said it: another app may have it.
    #[error("camera: {0}")]
    Failed(String),
    /// It was on, and shows nothing any more: a call has it now, or nobody lets the page any more.
    #[error("taken away")]
    TakenAway,
}

impl CameraError {
    #[expect(clippy::needless_pass_by_value, reason = "used as `map_err(CameraError::of)`")]
    pub(super) fn of(error: JsValue) -> Self {
        let name = Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string());
        match name.as_deref() {
            Some("NotAllowedError" | "SecurityError") => Self::Refused,
            Some("NotFoundError" | "OverconstrainedError") => Self::Missing,
            _ => Self::Failed(exception_text(&error)),
        }
    }
}

/// Which way a camera looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// At who holds the phone.
    Front,
    /// At what is before them.
    Back,
}

impl Side {
    /// The one that looks the other way.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Front => Self::Back,
            Self::Back => Self::Front,
        }
    }
}

/// Whether this browser gives pages a camera at all.
#[must_use]
pub fn is_supported() -> bool {
    web_sys::window().is_some_and(|window| window.navigator().media_devices().is_ok())
        && devices().is_ok_and(|devices| devices.is_object())
}

fn devices() -> Result<JsValue, JsValue> {
    let navigator = web_sys::window().ok_or("no page")?.navigator();
    Reflect::get(&navigator, &"mediaDevices".into())
}

/// A camera or a microphone that is on; dropping it switches it off.
pub(super) struct On(pub(super) MediaStream);

impl On {
    fn track(&self) -> Option<JsValue> {
        let tracks: Array = self.0.get_tracks();
        (tracks.length() > 0).then(|| tracks.get(0))
    }

    /// Tells of these events of its track, or with `null` of none.
    pub(super) fn hear(&self, events: &[&str], listener: &JsValue) {
        let Some(track) = self.track() else { return };
        for event in events {
            // It can only fail for what is no object.
            drop(Reflect::set(&track, &(*event).into(), listener));
        }
    }
}

impl Drop for On {
    fn drop(&mut self) {
        let tracks: Array = self.0.get_tracks();
        tracks.iter().for_each(|track| track.unchecked_into::<MediaStreamTrack>().stop());
    }
}

/// A camera that is on; dropping it switches it off.
pub struct Camera {
    stream: On,
    ends: Closure<dyn FnMut()>,
}

/// A track ended by itself, or gives no pictures for now: what the `<video>` shows is the last one it got.
const ENDS: [&str; 2] = ["onended", "onmute"];

impl Camera {
    /// Switches on the camera of that side, or the one there is; with pictures of about so many pixels along the longest
    /// side, or as many as it likes. `on_end` is told when it shows nothing any more though nobody switched it off.
    pub async fn open(
        side: Side,
        longest: Option<u32>,
        on_end: impl FnMut() + 'static,
    ) -> Result<Self, CameraError> {
        let stream = On(open(side, longest).await.map_err(CameraError::of)?.unchecked_into());
        let camera = Self { stream, ends: Closure::new(on_end) };
        camera.stream.hear(&ENDS, camera.ends.as_ref());
        Ok(camera)
    }

    /// Shows in a `<video>` what the camera sees.
    pub async fn show_in(&self, video: &JsValue) -> Result<(), CameraError> {
        let show = async || {
            Reflect::set(video, &"srcObject".into(), &self.stream.0)?;
            call(video, "play", &[]).await
        };
        show().await.map(drop).map_err(CameraError::of)
    }

    /// Whether it has a light that can be left on.
    #[must_use]
    pub fn has_torch(&self) -> bool {
        let asks = || {
            let can: Function = Reflect::get(&self.stream.track()?, &"getCapabilities".into())
                .ok()?
                .dyn_into()
                .ok()?;
            let can = can.call0(&self.stream.track()?).ok()?;
            Reflect::get(&can, &"torch".into()).ok()
        };
        asks().is_some_and(|torch| torch.is_truthy())
    }

    /// Switches the light on or off.
    pub async fn set_torch(&self, on: bool) -> Result<(), CameraError> {
        let set = async || {
            let (track, light, wanted) =
                (self.stream.track().ok_or("no track")?, Object::new(), Object::new());
            Reflect::set(&light, &"torch".into(), &on.into())?;
            Reflect::set(&wanted, &"advanced".into(), &Array::of1(&light))?;
            call(&track, "applyConstraints", &[&wanted]).await
        };
        set().await.map(drop).map_err(CameraError::of)
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        // Their function is gone.
        self.stream.hear(&ENDS, &JsValue::NULL);
    }
}

/// Whether there is another camera to change to. Browsers tell it once one was allowed.
pub async fn has_several() -> bool {
    let count = async || {
        let found: Array = call(&devices()?, "enumerateDevices", &[]).await?.dyn_into()?;
        let kind = |device: &JsValue| Reflect::get(device, &"kind".into());
        let cameras = found.iter().filter_map(|device| kind(&device).ok());
        Ok::<_, JsValue>(
            cameras.filter(|kind| kind.as_string().as_deref() == Some("videoinput")).count(),
        )
    };
    count().await.is_ok_and(|count| count > 1)
}

/// What a `<video>` shows at this moment.
pub async fn frame(video: &JsValue) -> Result<ImageBitmap, CameraError> {
    let window = web_sys::window().ok_or_else(|| CameraError::Failed("no page".to_owned()))?;
    let frame = call(&window, "createImageBitmap", &[video]).await.map_err(CameraError::of)?;
    Ok(frame.unchecked_into())
}

async fn open(side: Side, longest: Option<u32>) -> Result<JsValue, JsValue> {
    let facing = if side == Side::Front { "user" } else { "environment" };
    let video = Object::new();
    Reflect::set(&video, &"facingMode".into(), &facing.into())?;
    if let Some(longest) = longest {
        for (name, length) in [("width", longest), ("height", longest / 4 * 3)] {
            let about = Object::new();
            Reflect::set(&about, &"ideal".into(), &length.into())?;
            Reflect::set(&video, &name.into(), &about)?;
        }
    }
    let wanted = Object::new();
    Reflect::set(&wanted, &"video".into(), &video)?;
    call(&devices()?, "getUserMedia", &[&wanted]).await
}
