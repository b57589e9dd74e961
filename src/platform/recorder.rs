//! Recording a sound by the microphone (`MediaRecorder`).

use std::{cell::RefCell, rc::Rc};

use futures::channel::oneshot;
use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobEvent, MediaRecorder, MediaStreamConstraints, RecordingState};

use super::activity::AtWork;
use super::camera::On;
use super::files::{Body, FileError, Picked, blob_bytes};

/// Whether this browser records.
#[must_use]
pub fn is_supported() -> bool {
    web_sys::window()
        .is_some_and(|window| Reflect::has(&window, &"MediaRecorder".into()).unwrap_or(false))
}

/// A recording that is running; dropping it ends it.
pub struct Recorder {
    recorder: MediaRecorder,
    sound: Sound,
    ended: oneshot::Receiver<()>,
    _heard: Closure<dyn FnMut(BlobEvent)>,
    _ended: Closure<dyn FnMut()>,
    _microphone: On,
    /// Whoever speaks touches nothing.
    _at_work: AtWork,
}

/// What was heard, in the pieces in which the browser gave it.
#[derive(Clone, Default)]
pub struct Sound(Rc<RefCell<Vec<Blob>>>);

impl Sound {
    /// All of it until now, as a file.
    pub async fn file(&self) -> Result<Picked<Body>, FileError> {
        let pieces: Array = self.0.borrow().iter().collect();
        let whole = Blob::new_with_blob_sequence(&pieces).map_err(FileError::of)?;
        let media_type = self.0.borrow().first().map(Blob::type_).unwrap_or_default();
        // `audio/webm;codecs=opus`, on an iPhone `audio/mp4`.
        let media_type = media_type.split(';').next().unwrap_or_default().to_owned();
        let ending = media_type.rsplit('/').next().unwrap_or("webm").to_owned();
        let bytes = blob_bytes(&whole).await?;
        if bytes.is_empty() {
            return Err(FileError("no sound".to_owned()));
        }
        Ok(Picked { name: format!("sound.{ending}"), media_type, bytes }.to_keep())
    }
}

impl Recorder {
    /// Asks for the microphone and begins. `on_end` is told when it has ended, also by the system: of a headset that was pulled out, or a
    /// phone that was locked. `on_piece` is given what there is as often as [`Self::give`] asks for it.
    pub async fn start(
        on_end: impl FnOnce() + 'static,
        on_piece: impl Fn(Sound) + 'static,
    ) -> Result<Self, FileError> {
        let window = web_sys::window().ok_or_else(|| FileError("no page".to_owned()))?;
        let devices = window.navigator().media_devices().map_err(FileError::of)?;
        let wanted = MediaStreamConstraints::new();
        wanted.set_audio(&true.into());
        let asked = devices.get_user_media_with_constraints(&wanted).map_err(FileError::of)?;
        let microphone = On(JsFuture::from(asked).await.map_err(FileError::of)?.unchecked_into());
        let recorder =
            MediaRecorder::new_with_media_stream(&microphone.0).map_err(FileError::of)?;
        let (end, has_ended) = oneshot::channel();
        let sound = Sound::default();
        let (heard, running) = (sound.clone(), recorder.clone());
        let heard = Closure::<dyn FnMut(BlobEvent)>::new(move |event: BlobEvent| {
            heard.0.borrow_mut().extend(event.data());
            if running.state() != RecordingState::Inactive {
                on_piece(heard.clone());
            }
        });
        let ended = Closure::once(move || {
            // Nobody waits for the end of one that is dropped.
            end.send(()).ok();
            on_end();
        });
        recorder.set_ondataavailable(Some(heard.as_ref().unchecked_ref()));
        recorder.set_onstop(Some(ended.as_ref().unchecked_ref()));
        recorder.start().map_err(FileError::of)?;
        Ok(Self {
            recorder,
            sound,
            ended: has_ended,
            _heard: heard,
            _ended: ended,
            _microphone: microphone,
            _at_work: AtWork::begin(),
        })
    }

    /// Asks for what was heard since the last time, and goes on.
    pub fn give(&self) {
        if self.recorder.state() != RecordingState::Inactive
            && let Err(error) = self.recorder.request_data()
        {
            super::log_error(&format!("no sound given: {}", super::exception_text(&error)));
        }
    }

    /// Ends the recording and gives it as a file.
    pub async fn finish(mut self) -> Result<Picked<Body>, FileError> {
        if self.recorder.state() != RecordingState::Inactive {
            self.recorder.stop().map_err(FileError::of)?;
        }
        // It comes after the last piece.
        (&mut self.ended).await.ok();
        self.sound.file().await
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // Their functions are gone.
        self.recorder.set_ondataavailable(None);
        self.recorder.set_onstop(None);
    }
}
