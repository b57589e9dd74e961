//! Icons drawn as one stroke path each on a 24-unit square.

use leptos::prelude::*;

/// Which icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    /// A sun over a line: today.
    Today,
    /// Sheets of paper.
    Records,
    /// A pencil.
    Fill,
    /// Bars.
    Reports,
    /// Three dots.
    More,
    /// An arrow to the left.
    Back,
    /// An arrow to the right.
    Forward,
    /// An arrow that turns: it goes back to whom it came from.
    Turn,
    /// A cross.
    Close,
    /// A tick.
    Check,
    /// A plus.
    Plus,
    /// A minus sign.
    Minus,
    /// A bin.
    Bin,
    /// A magnifying glass.
    Search,
    /// A cloud with a tick: the server has it.
    Sent,
    /// A phone: on this phone only.
    Phone,
    /// A cloud with a stroke through it.
    Offline,
    /// Two arrows in a circle.
    Sending,
    /// A triangle with an exclamation mark.
    Warning,
    /// A camera.
    Camera,
    /// A flash.
    Light,
    /// A microphone.
    Microphone,
    /// A pin on a map.
    Pin,
    /// A pen that signs.
    Sign,
    /// A paper clip: something is attached.
    Clip,
    /// One sheet over another: a text is copied, or pasted.
    Copy,
    /// A bar code.
    Barcode,
    /// An arrow down into a tray.
    Download,
    /// A down-pointing angle.
    Expand,
    /// A globe.
    Globe,
    /// A clock going back.
    History,
    /// A list with ticks.
    Review,
    /// A circle with an i.
    Info,
    /// Two people.
    People,
    /// A padlock.
    Lock,
}

impl Glyph {
    const fn path(self) -> &'static str {
        match self {
            Self::Lock => "M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3",
            Self::Today => "M4 20h16M7 16a5 5 0 0 1 10 0M12 4v3M4.5 8.5l2 2M19.5 8.5l-2 2",
            Self::Records => "M8 3h8l4 4v11H8zM16 3v4h4M4 7v14h11",
            Self::Fill => "M4 20l1-5L16 4l4 4L9 19zM13 7l4 4",
            Self::Reports => "M4 20h16M7 20v-6M12 20V6M17 20v-9",
            Self::More => {
                "M5 11a1 1 0 1 0 0 2 1 1 0 0 0 0-2zM12 11a1 1 0 1 0 0 2 1 1 0 0 0 0-2zM19 11a1 1 0 1 0 0 2 1 1 0 0 0 0-2z"
            }
            Self::Back => "M19 12H5M11 6l-6 6 6 6",
            Self::Forward => "M5 12h14M13 6l6 6-6 6",
            Self::Turn => "M9 5L4 10l5 5M4 10h10a5 5 0 0 1 0 10h-3",
            Self::Close => "M6 6l12 12M18 6L6 18",
            Self::Check => "M5 12.5l4.5 4.5L19 7.5",
            Self::Plus => "M12 5v14M5 12h14",
            Self::Minus => "M5 12h14",
            Self::Bin => "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
            Self::Search => "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4.5 4.5",
            Self::Sent => {
                "M7 18a4 4 0 0 1-.5-8A6 6 0 0 1 18 9.5 4.3 4.3 0 0 1 17.5 18zM9.5 13.5l2 2 3.5-3.5"
            }
            Self::People => {
                "M9 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM3 19a6 6 0 0 1 12 0M16 5.5a3 3 0 0 1 0 5.5M17.5 14a6 6 0 0 1 3.5 5"
            }
            Self::Phone => "M7 3h10v18H7zM11 18h2",
            Self::Offline => {
                "M4 4l16 16M9 6.3A6 6 0 0 1 18 10a4 4 0 0 1 2.5 6.5M17 18H7a4 4 0 0 1-.500-8"
            }
            Self::Sending => "M20 12a8 8 0 0 1-14 5.3M4 12a8 8 0 0 1 14-5.3M18 3v4h-4M6 21v-4h4",
            Self::Warning => "M12 4l9 16H3zM12 10v4M12 17h.01",
            Self::Camera => "M4 8h3l2-3h6l2 3h3v11H4zM12 10a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
            Self::Light => "M13 3L5 14h6l-1 7 8-11h-6z",
            Self::Microphone => {
                "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM6 11a6 6 0 0 0 12 0M12 17v4"
            }
            Self::Pin => {
                "M12 21s7-6.5 7-11.5a7 7 0 0 0-14 0C5 14.5 12 21 12 21zM12 7.5a2 2 0 1 0 0 4 2 2 0 0 0 0-4z"
            }
            Self::Sign => "M3 18c3-9 6-13 7-11s-4 9-2 9 3-5 4.5-4.5S11.5 16 14 16s3-2 7-2",
            Self::Copy => "M9 9h11v11H9zM5 15H4V4h11v1",
            Self::Clip => {
                "M19 11l-7.5 7.5a4.5 4.5 0 0 1-6.4-6.4L13 4.2a3 3 0 0 1 4.3 4.3l-7.8 7.7a1.5 1.5 0 0 1-2.1-2.1L14 7.5"
            }
            Self::Barcode => "M4 6v12M8 6v12M11 6v12M15 6v12M18 6v12M20.5 6v12",
            Self::Download => "M12 4v11M7 10.5l5 5 5-5M4 20h16",
            Self::Expand => "M6 9l6 6 6-6",
            Self::Globe => {
                "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c3.5 3 3.5 15 0 18M12 3c-3.5 3-3.5 15 0 18"
            }
            Self::History => "M4 12a8 8 0 1 0 2.5-5.8M4 4v4h4M12 8v4.5l3 2",
            Self::Review => {
                "M4 7l1.5 1.5L8 6M4 13l1.5 1.5L8 12M4 19l1.5 1.5L8 18M11 7.5h9M11 13.5h9M11 19.5h9"
            }
            Self::Info => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 8h.01",
        }
    }
}

/// An icon. It says nothing to a screen reader: the words beside it do.
#[component]
pub fn Icon(#[prop(into)] glyph: Signal<Glyph>) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=move || glyph.get().path()></path>
        </svg>
    }
}
