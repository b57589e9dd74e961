//! Recording a sound by the microphone (`MediaRecorder`).

use futures::channel::oneshot;
use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, MediaRecorder, MediaStream, MediaStreamConstraints, MediaStreamTrack};

use super::activity::AtWork;
use super::files::{FileError, Picked, blob_bytes};

/// Whether this browser records.
#[must_use]
pub fn is_supported() -> bool {
    web_sys::window()
        .is_some_and(|window| Reflect::has(&window, &"MediaRecorder".into()).unwrap_or(false))
}

/// A recording that is running.
pub struct Recorder {
    recorder: MediaRecorder,
    stream: MediaStream,
    /// Whoever speaks touches nothing.
    _at_work: AtWork,
}

impl Recorder {
    /// Asks for the microphone and begins.
    pub async fn start() -> Result<Self, FileError> {
        let window = web_sys::window().ok_or_else(|| FileError("no page".to_owned()))?;
        let devices = window.navigator().media_devices().map_err(FileError::of)?;
        let wanted = MediaStreamConstraints::new();
        wanted.set_audio(&true.into());
        let asked = devices.get_user_media_with_constraints(&wanted).map_err(FileError::of)?;
        let stream: MediaStream =
            JsFuture::from(asked).await.map_err(FileError::of)?.unchecked_into();
        let recorder = MediaRecorder::new_with_media_stream(&stream).map_err(FileError::of)?;
        recorder.start().map_err(FileError::of)?;
        Ok(Self { recorder, stream, _at_work: AtWork::begin() })
    }

    /// Ends the recording and gives it as a file.
    pub async fn finish(self) -> Result<Picked, FileError> {
        let (give, given) = oneshot::channel::<Option<Blob>>();
        // Without a time slice all of it comes at once, at the end.
        let callback =
            Closure::once(move |event: web_sys::BlobEvent| drop(give.send(event.data())));
        self.recorder.set_ondataavailable(Some(callback.as_ref().unchecked_ref()));
        self.recorder.stop().map_err(FileError::of)?;
        let blob = given.await.ok().flatten().ok_or_else(|| FileError("no sound".to_owned()))?;
        let tracks: Array = self.stream.get_tracks();
        tracks.iter().for_each(|track| track.unchecked_into::<MediaStreamTrack>().stop());
        // `audio/webm;codecs=opus`, on an iPhone `audio/mp4`.
        let media_type = blob.type_().split(';').next().unwrap_or_default().to_owned();
        let ending = media_type.rsplit('/').next().unwrap_or("webm").to_owned();
        Ok(Picked { name: format!("sound.{ending}"), media_type, bytes: blob_bytes(&blob).await? })
    }
}
