//! News between the tabs of one browser.

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{BroadcastChannel, MessageEvent};

/// A named channel to the other tabs.
#[derive(Clone)]
pub struct Channel(Option<BroadcastChannel>);

impl Channel {
    /// A channel on which nobody is.
    #[must_use]
    pub fn closed() -> Self {
        Self(None)
    }

    /// Opens the channel; a browser without channels has a silent one, and tabs then learn from the store.
    #[must_use]
    pub fn open(name: &str) -> Self {
        #[cfg(target_arch = "wasm32")]
        return Self(BroadcastChannel::new(name).ok());
        #[cfg(not(target_arch = "wasm32"))]
        {
            drop(name.to_owned());
            Self(None)
        }
    }

    /// Tells the other tabs.
    pub fn post(&self, text: &str) {
        if let Some(Err(error)) =
            self.0.as_ref().map(|channel| channel.post_message(&JsValue::from_str(text)))
        {
            super::log_error(&format!("other tabs not told: {}", super::exception_text(&error)));
        }
    }

    /// Calls back with what other tabs say, for as long as the page lives.
    pub fn on_message(&self, mut then: impl FnMut(String) + 'static) {
        let Some(channel) = &self.0 else { return };
        let callback = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                then(text);
            }
        });
        channel.set_onmessage(Some(callback.as_ref().unchecked_ref()));
        callback.forget();
    }
}
