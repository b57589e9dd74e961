//! The map that the server has: pictures of the earth, out of a file of its operator's.
//!
//! It is asked for when a question first wants it and there is a network. Nothing of it is kept: without a network there are no pictures.

use std::sync::Arc;

use leptos::prelude::*;
use serde::Deserialize;

use crate::platform::{http::Request, json, log_error, tasks};

/// What the server says of its map.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct MapAbout {
    /// Which file it is.
    pub version: String,
    /// The zoom with the fewest pictures.
    pub min_zoom: u8,
    /// The zoom with the most.
    pub max_zoom: u8,
    /// What it covers: degrees west, south, east, north.
    pub bounds: [f64; 4],
    /// Where it begins: longitude, latitude, zoom.
    pub center: Option<[f64; 3]>,
    /// Whose work it is.
    pub attribution: String,
}

/// How far it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// Nobody wanted a map, or there was no network.
    Not,
    Waiting,
    Answered,
}

/// The server's map, if it has one, for an open form.
#[derive(Clone, Copy)]
pub struct ServerMap {
    about: RwSignal<Option<Arc<MapAbout>>>,
    asked: StoredValue<Asked>,
    is_wanted: StoredValue<bool>,
}

impl ServerMap {
    /// Not asked for yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            about: RwSignal::new(None),
            asked: StoredValue::new(Asked::Not),
            is_wanted: StoredValue::new(false),
        }
    }

    /// What is known of it; it is asked for now, if nobody did so before.
    #[must_use]
    pub fn about(self) -> Signal<Option<Arc<MapAbout>>> {
        self.is_wanted.set_value(true);
        self.ask();
        self.about.into()
    }

    /// There is a network again.
    pub fn on_network(self) {
        if self.is_wanted.try_get_value() == Some(true) {
            self.ask();
        }
    }

    fn ask(self) {
        if self.asked.get_value() != Asked::Not {
            return;
        }
        self.asked.set_value(Asked::Waiting);
        tasks::spawn(async move {
            let Ok(answer) = Request::get("/api/v1/map").send(&[]).await else {
                self.asked.try_set_value(Asked::Not);
                return;
            };
            self.asked.try_set_value(Asked::Answered);
            // No content: it was given none. Nobody is signed in where a form is only tried.
            if answer.status == 200 {
                match json::read::<MapAbout>(&answer.body) {
                    Ok(about) => {
                        self.about.try_set(Some(Arc::new(about)));
                    }
                    Err(error) => log_error(&format!("map not understood: {error}")),
                }
            }
        });
    }
}

impl Default for ServerMap {
    fn default() -> Self {
        Self::new()
    }
}
