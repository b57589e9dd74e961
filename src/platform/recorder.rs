//! Recording a sound by the microphone (`MediaRecorder`).

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use futures::channel::oneshot;
use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobEvent, Event, MediaRecorder, MediaStreamConstraints, RecordingState};

use super::activity::AtWork;
use super::camera::On;
use super::files::{Body, FileError, Picked, size};

/// How often the browser hands over what it heard: what is in its hands alone is lost with the page.
const PIECE_MS: i32 = 60_000;
/// A microphone that another app has taken gives silence, and sounds again once it is given back.
const MUTES: [&str; 2] = ["onmute", "onunmute"];

/// Whether this browser records.
#[must_use]
pub fn is_supported() -> bool {
    web_sys::window()
        .is_some_and(|window| Reflect::has(&window, &"MediaRecorder".into()).unwrap_or(false))
}

/// How much is recorded.
#[derive(Clone, Copy)]
pub struct Wanted {
    /// Bits of each second. A browser may take others.
    pub bits: u32,
    /// With more bytes than so many it ends.
    pub longest: u64,
}

/// What is told of a recording that goes on.
pub enum News {
    /// All that was heard until now is to be kept.
    Heard(Sound),
    /// Whether another app has the microphone: silence is recorded then.
    Taken(bool),
}

/// A recording that is running; dropping it ends it.
pub struct Recorder {
    recorder: MediaRecorder,
    sound: Sound,
    longest: u64,
    is_asked: Rc<Cell<bool>>,
    ended: oneshot::Receiver<()>,
    _heard: Closure<dyn FnMut(BlobEvent)>,
    _ended: Closure<dyn FnMut()>,
    _muted: Closure<dyn FnMut(Event)>,
    microphone: On,
    /// Whoever speaks touches nothing.
    _at_work: AtWork,
}

/// What was heard, in the pieces in which the browser gave it.
#[derive(Clone, Default)]
pub struct Sound(Rc<RefCell<Vec<Blob>>>);

impl Sound {
    /// All of it until now, as a file.
    pub fn file(&self) -> Result<Picked<Body>, FileError> {
        let pieces: Array = self.0.borrow().iter().collect();
        let whole = Blob::new_with_blob_sequence(&pieces).map_err(FileError::of)?;
        let media_type = self.0.borrow().first().map(Blob::type_).unwrap_or_default();
        // `audio/webm;codecs=opus`, on an iPhone `audio/mp4`.
        let media_type = media_type.split(';').next().unwrap_or_default().to_owned();
        let ending = media_type.rsplit('/').next().unwrap_or("webm").to_owned();
        let bytes = Body::Browser(whole);
        if bytes.size() == 0 {
            return Err(FileError("no sound".to_owned()));
        }
        Ok(Picked { name: format!("sound.{ending}"), media_type, bytes })
    }

    fn size(&self) -> u64 {
        self.0.borrow().iter().map(size).sum()
    }
}

/// Whether what there is with that piece is kept. Each time all of it is written anew, and sent where there is a line.
fn is_due(piece: usize) -> bool {
    piece.is_power_of_two()
}

impl Recorder {
    /// Asks for the microphone and begins. `on_end` is told when it has ended, also by the system: of a headset that was pulled out, or a
    /// phone that was locked. `on_news` is given what there is from time to time, and as often as [`Self::give`] asks for it.
    pub async fn start(
        wanted: Wanted,
        on_end: impl FnOnce() + 'static,
        on_news: impl Fn(News) + Clone + 'static,
    ) -> Result<Self, FileError> {
        let Wanted { bits, longest } = wanted;
        let window = web_sys::window().ok_or_else(|| FileError("no page".to_owned()))?;
        let devices = window.navigator().media_devices().map_err(FileError::of)?;
        let constraints = MediaStreamConstraints::new();
        constraints.set_audio(&true.into());
        let asked = devices.get_user_media_with_constraints(&constraints).map_err(FileError::of)?;
        let microphone = On(JsFuture::from(asked).await.map_err(FileError::of)?.unchecked_into());
        let recorder = recorder_of(&microphone, bits).map_err(FileError::of)?;
        let (end, has_ended) = oneshot::channel();
        let (sound, is_asked) = (Sound::default(), Rc::new(Cell::new(false)));
        let (heard, running, asked) = (sound.clone(), recorder.clone(), is_asked.clone());
        let tell = on_news.clone();
        let heard = Closure::<dyn FnMut(BlobEvent)>::new(move |event: BlobEvent| {
            heard.0.borrow_mut().extend(event.data());
            if running.state() == RecordingState::Inactive {
                return;
            }
            if heard.size() > longest {
                // It may have ended just now.
                drop(running.stop());
            } else if asked.take() || is_due(heard.0.borrow().len()) {
                tell(News::Heard(heard.clone()));
            }
        });
        let ended = Closure::once(move || {
            // Nobody waits for the end of one that is dropped.
            end.send(()).ok();
            on_end();
        });
        let muted = Closure::new(move |event: Event| on_news(News::Taken(event.type_() == "mute")));
        microphone.hear(&MUTES, muted.as_ref());
        recorder.set_ondataavailable(Some(heard.as_ref().unchecked_ref()));
        recorder.set_onstop(Some(ended.as_ref().unchecked_ref()));
        recorder.start_with_time_slice(PIECE_MS).map_err(FileError::of)?;
        Ok(Self {
            recorder,
            sound,
            longest,
            is_asked,
            ended: has_ended,
            _heard: heard,
            _ended: ended,
            _muted: muted,
            microphone,
            _at_work: AtWork::begin(),
        })
    }

    /// Asks for what was heard since the last time, and goes on.
    pub fn give(&self) {
        self.is_asked.set(true);
        if self.recorder.state() != RecordingState::Inactive
            && let Err(error) = self.recorder.request_data()
        {
            super::log_error(&format!("no sound given: {}", super::exception_text(&error)));
        }
    }

    /// Whether it has ended because there is so much of it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.sound.size() > self.longest
    }

    /// Ends the recording and gives it as a file.
    pub async fn finish(mut self) -> Result<Picked<Body>, FileError> {
        if self.recorder.state() != RecordingState::Inactive {
            self.recorder.stop().map_err(FileError::of)?;
        }
        // It comes after the last piece.
        (&mut self.ended).await.ok();
        self.sound.file()
    }
}

fn recorder_of(microphone: &On, bits: u32) -> Result<MediaRecorder, JsValue> {
    let window = web_sys::window().ok_or("no page")?;
    let constructor: Function = Reflect::get(&window, &"MediaRecorder".into())?.dyn_into()?;
    let how = Object::new();
    Reflect::set(&how, &"audioBitsPerSecond".into(), &bits.into())?;
    let recorder = Reflect::construct(&constructor, &Array::of2(&microphone.0, &how))?;
    Ok(recorder.unchecked_into())
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // Their functions are gone.
        self.recorder.set_ondataavailable(None);
        self.recorder.set_onstop(None);
        self.microphone.hear(&MUTES, &JsValue::NULL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_kept_early_and_not_written_more_than_it_is_worth() {
        let kept: Vec<usize> = (1..100).filter(|piece| is_due(*piece)).collect();
        assert_eq!(kept, [1, 2, 4, 8, 16, 32, 64]);
        assert!(kept.iter().sum::<usize>() < 2 * 64);
    }
}
