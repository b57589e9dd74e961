//! Where the phone is, by its satellite receiver.

use futures::{StreamExt, channel::mpsc};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Position, PositionError, PositionOptions};

use super::exception_text;

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

/// Measures until a fix is as accurate as wanted, or until the time is over: then the best one counts. Every better
/// fix is told on the way.
pub async fn locate(
    accuracy_m: f64,
    patience_ms: u32,
    mut on_better: impl FnMut(Fix),
) -> Result<Fix, LocationError> {
    let unsupported =
        |error: wasm_bindgen::JsValue| LocationError::Unsupported(exception_text(&error));
    let window =
        web_sys::window().ok_or_else(|| LocationError::Unsupported("no page".to_owned()))?;
    let geolocation = window.navigator().geolocation().map_err(unsupported)?;
    let (send, mut fixes) = mpsc::unbounded::<Result<Fix, LocationError>>();
    let fail = send.clone();
    let late = send.clone();
    // A receiver that is gone has its answer already.
    let found = Closure::<dyn FnMut(Position)>::new(move |position| {
        send.unbounded_send(Ok(read(&position))).ok();
    });
    let failed = Closure::<dyn FnMut(PositionError)>::new(move |error| {
        fail.unbounded_send(Err(refusal(&error))).ok();
    });
    let timer = super::tasks::after(patience_ms, move || {
        late.unbounded_send(Err(LocationError::TimedOut)).ok();
    });
    let options = PositionOptions::new();
    options.set_enable_high_accuracy(true);
    options.set_maximum_age(0);
    let watch = geolocation
        .watch_position_with_error_callback_and_options(
            found.as_ref().unchecked_ref(),
            Some(failed.as_ref().unchecked_ref()),
            &options,
        )
        .map_err(unsupported)?;
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
    geolocation.clear_watch(watch);
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
