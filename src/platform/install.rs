//! Putting the app on the home screen.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::{exception_text, log_error};

/// How this browser installs an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It runs from the home screen already.
    Installed,
    /// The browser asks the person when we say so: [`Prompt::show`].
    Prompt,
    /// The person does it by hand: the share button, then "Add to Home Screen" (iPhone, iPad).
    ByHand,
    /// It offers nothing, or nothing yet.
    None,
}

/// The browser's offer, which the start script keeps in the window until the person asks for it.
#[derive(Clone, Copy, Default)]
pub struct Prompt;

/// Where the start script keeps the offer.
const OFFER: &str = "sotayInstallOffer";

impl Prompt {
    /// Calls back whenever the browser makes an offer, for as long as the page lives.
    #[must_use]
    pub fn watch(then: impl FnMut() + 'static) -> Self {
        if let Some(window) = web_sys::window() {
            super::document::listen(&window, "sotay-install-offer", then);
        }
        Self
    }

    /// How the app can be installed now.
    #[must_use]
    pub fn way(self) -> Way {
        if is_installed() {
            Way::Installed
        } else if is_apple_phone() {
            Way::ByHand
        } else if offer().is_some() {
            Way::Prompt
        } else {
            Way::None
        }
    }

    /// Shows the browser's question; whether the person agreed.
    pub async fn show(self) -> bool {
        let Some(event) = offer() else { return false };
        let asked = async {
            let prompt: Function = Reflect::get(&event, &"prompt".into())?.dyn_into()?;
            let answer: Promise = prompt.call0(&event)?.dyn_into()?;
            let answer = JsFuture::from(answer).await?;
            Reflect::get(&answer, &"outcome".into())
        };
        let asked = asked.await;
        // An offer can be used once.
        if let Some(Err(error)) = web_sys::window()
            .map(|window| Reflect::set(&window, &OFFER.into(), &JsValue::UNDEFINED))
        {
            log_error(&format!("install offer kept: {}", exception_text(&error)));
        }
        match asked {
            Ok(outcome) => outcome.as_string().as_deref() == Some("accepted"),
            Err(error) => {
                log_error(&format!("install question: {}", exception_text(&error)));
                false
            }
        }
    }
}

fn offer() -> Option<JsValue> {
    let window = web_sys::window()?;
    Reflect::get(&window, &OFFER.into()).ok().filter(JsValue::is_object)
}

fn is_installed() -> bool {
    let query = web_sys::window()
        .and_then(|window| window.match_media("(display-mode: standalone)").ok()?);
    query.is_some_and(|query| query.matches())
}

/// Whether this is the browser inside of another app, as a chat opens what is sent in it: nothing of ours stays there for long, and
/// nobody finds the way back.
#[must_use]
pub fn is_in_another_app() -> bool {
    let navigator = web_sys::window().map(|window| window.navigator());
    let agent = navigator.and_then(|navigator| navigator.user_agent().ok()).unwrap_or_default();
    is_of_another_app(&agent)
}

/// Facebook and Messenger, Zalo, and whatever shows pages by Android's `WebView`.
fn is_of_another_app(agent: &str) -> bool {
    ["; wv)", "Zalo", "FBAN/", "FBAV/"].iter().any(|sign| agent.contains(sign))
}

/// Whether the app cannot stay where this page is: what is behind an iPhone's icon is a place of its own.
#[must_use]
pub fn passes_by() -> bool {
    Prompt.way() == Way::ByHand || is_in_another_app()
}

/// Whether this is an iPhone or an iPad, which calls itself a Macintosh: that has no touch screen.
#[must_use]
pub fn is_apple_phone() -> bool {
    let Some(navigator) = web_sys::window().map(|window| window.navigator()) else { return false };
    let agent = navigator.user_agent().unwrap_or_default();
    agent.contains("iPhone")
        || agent.contains("iPad")
        || agent.contains("Macintosh") && navigator.max_touch_points() > 1
}

#[cfg(test)]
mod tests {
    use super::is_of_another_app;

    #[test]
    fn a_chats_own_browser_is_told_from_the_phones() {
        const PIXEL: &str = "Mozilla/5.0 (Linux; Android 14; Pixel 8";
        let android = |rest: &str| format!("{PIXEL}{rest}");
        const CHROME: &str =
            ") AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36";
        const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";
        for agent in [
            android(&format!("; wv{CHROME}")),
            android(&format!("{CHROME} Zalo android/12100797")),
            format!("{IPHONE} Mobile/15E148 Zalo iOS/605"),
            format!("{IPHONE} Mobile/15E148 [FBAN/MessengerForiOS;FBAV/480.0]"),
        ] {
            assert!(is_of_another_app(&agent), "{agent}");
        }
        for agent in [android(CHROME), format!("{IPHONE} Version/18.0 Mobile/15E148 Safari/604.1")]
        {
            assert!(!is_of_another_app(&agent), "{agent}");
        }
    }
}
