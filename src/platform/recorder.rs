//! Recording a sound by the microphone (`MediaRecorder`).

use futures::channel::oneshot;
use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobEvent, MediaRecorder, MediaStream, MediaStreamConstraints, MediaStreamTrack,
    RecordingState,
};

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
    /// All of it, which comes at once: at the end, whoever ends it.
    sound: oneshot::Receiver<Option<Blob>>,
    _heard: Closure<dyn FnMut(BlobEvent)>,
    _ended: Closure<dyn FnMut()>,
    /// Whoever speaks touches nothing.
    _at_work: AtWork,
}

impl Recorder {
    /// Asks for the microphone and begins. `on_end` is told when it has ended, also by the system: of a headset that was pulled out, or a
    /// phone that was locked.
    pub async fn start(on_end: impl FnOnce() + 'static) -> Result<Self, FileError> {
        let window = web_sys::window().ok_or_else(|| FileError("no page".to_owned()))?;
        let devices = window.navigator().media_devices().map_err(FileError::of)?;
        let wanted = MediaStreamConstraints::new();
        wanted.set_audio(&true.into());
        let asked = devices.get_user_media_with_constraints(&wanted).map_err(FileError::of)?;
        let stream: MediaStream =
            JsFuture::from(asked).await.map_err(FileError::of)?.unchecked_into();
        let recorder = MediaRecorder::new_with_media_stream(&stream).map_err(FileError::of)?;
        let (give, sound) = oneshot::channel();
        let heard = Closure::once(move |event: BlobEvent| drop(give.send(event.data())));
        let ended = Closure::once(on_end);
        recorder.set_ondataavailable(Some(heard.as_ref().unchecked_ref()));
        recorder.set_onstop(Some(ended.as_ref().unchecked_ref()));
        recorder.start().map_err(FileError::of)?;
        let _at_work = AtWork::begin();
        Ok(Self { recorder, stream, sound, _heard: heard, _ended: ended, _at_work })
    }

    /// Ends the recording and gives it as a file.
    pub async fn finish(self) -> Result<Picked, FileError> {
        if self.recorder.state() != RecordingState::Inactive {
            self.recorder.stop().map_err(FileError::of)?;
        }
        let blob = self.sound.await.ok().flatten();
        let blob = blob.ok_or_else(|| FileError("no sound".to_owned()))?;
        let tracks: Array = self.stream.get_tracks();
        tracks.iter().for_each(|track| track.unchecked_into::<MediaStreamTrack>().stop());
        // `audio/webm;codecs=opus`, on an iPhone `audio/mp4`.
        let media_type = blob.type_().split(';').next().unwrap_or_default().to_owned();
        let ending = media_type.rsplit('/').next().unwrap_or("webm").to_owned();
        Ok(Picked { name: format!("sound.{ending}"), media_type, bytes: blob_bytes(&blob).await? })
    }
}
