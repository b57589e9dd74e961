//! Where the phone is, by its satellite receiver.

use futures::{StreamExt, channel::mpsc};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Geolocation, Position, PositionError, PositionOptions};

use super::{
    exception_text,
    tasks::{self, Timer},
};

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fix {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Metres above the sea, when known.
    pub altitude_m: Option<f64>,
    /// The radius in metres in which the phone is likely to be.
    pub accuracy_m: f64,
}

impl Fix {
    /// The fix as the value of a geopoint question: `lat lon alt accuracy`.
    #[must_use]
    pub fn to_geopoint(&self) -> String {
        let altitude = self.altitude_m.unwrap_or_default();
        format!("{:.7} {:.7} {:.1} {:.1}", self.latitude, self.longitude, altitude, self.accuracy_m)
    }
}

/// Why there is no position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// The person or the system does not allow it.
    #[error("not allowed")]
    Denied,
    /// The receiver found nothing.
    #[error("no position")]
    Unavailable,
    /// It took too long.
    #[error("too slow")]
    TimedOut,
    /// The browser has no such thing.
    #[error("not supported: {0}")]
    Unsupported(String),
}

/// The receiver as long as it is wanted; dropping it switches it off and ends the news of it.
pub struct Watch {
    geolocation: Geolocation,
    id: i32,
    news: mpsc::UnboundedSender<News>,
    _found: Closure<dyn FnMut(Position)>,
    _failed: Closure<dyn FnMut(PositionError)>,
}

/// A fix, or why there is none.
pub type News = Result<Fix, LocationError>;

impl Watch {
    /// Switches the receiver on: every fix, and every failure, is told.
    pub fn begin() -> Result<(Self, mpsc::UnboundedReceiver<News>), LocationError> {
        let unsupported =
            |error: wasm_bindgen::JsValue| LocationError::Unsupported(exception_text(&error));
        let window =
            web_sys::window().ok_or_else(|| LocationError::Unsupported("no page".to_owned()))?;
        let geolocation = window.navigator().geolocation().map_err(unsupported)?;
        let (news, told) = mpsc::unbounded::<News>();
        let (found, failed) = (news.clone(), news.clone());
        // A receiver that is gone has its answer already.
        let found = Closure::<dyn FnMut(Position)>::new(move |position| {
            found.unbounded_send(Ok(read(&position))).ok();
        });
        let failed = Closure::<dyn FnMut(PositionError)>::new(move |error| {
            failed.unbounded_send(Err(refusal(&error))).ok();
        });
        let options = PositionOptions::new();
        options.set_enable_high_accuracy(true);
        options.set_maximum_age(0);
        let id = geolocation
            .watch_position_with_error_callback_and_options(
                found.as_ref().unchecked_ref(),
                Some(failed.as_ref().unchecked_ref()),
                &options,
            )
            .map_err(unsupported)?;
        Ok((Self { geolocation, id, news, _found: found, _failed: failed }, told))
    }

    /// Tells after that time that it took too long.
    #[must_use]
    pub fn late_after(&self, patience_ms: u32) -> Timer {
        let news = self.news.clone();
        tasks::after(patience_ms, move || {
            news.unbounded_send(Err(LocationError::TimedOut)).ok();
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.geolocation.clear_watch(self.id);
        self.news.close_channel();
    }
}

/// Measures until a fix is as accurate as wanted, or until the time is over: then the best one counts. Every better
/// fix is told on the way.
pub async fn locate(
    accuracy_m: f64,
    patience_ms: u32,
    mut on_better: impl FnMut(Fix),
) -> Result<Fix, LocationError> {
    let (watch, mut fixes) = Watch::begin()?;
    let timer = watch.late_after(patience_ms);
    let mut best: Option<Fix> = None;
    let mut failure = LocationError::Unavailable;
    while let Some(news) = fixes.next().await {
        match news {
            Ok(fix) if best.is_none_or(|best| fix.accuracy_m < best.accuracy_m) => {
                best = Some(fix);
                on_better(fix);
                if fix.accuracy_m <= accuracy_m {
                    break;
                }
            }
            Ok(_) => {}
            // The receiver may still find something: only a refusal or the end of patience ends the search.
            Err(LocationError::Unavailable) => {}
            Err(error) => {
                failure = error;
                break;
            }
        }
    }
    timer.cancel();
    best.ok_or(failure)
}

fn read(position: &Position) -> Fix {
    let at = position.coords();
    Fix {
        latitude: at.latitude(),
        longitude: at.longitude(),
        altitude_m: at.altitude(),
        accuracy_m: at.accuracy(),
    }
}

fn refusal(error: &PositionError) -> LocationError {
    match error.code() {
        PositionError::PERMISSION_DENIED => LocationError::Denied,
        PositionError::TIMEOUT => LocationError::TimedOut,
        _ => LocationError::Unavailable,
    }
}
