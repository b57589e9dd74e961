//! Building blocks that know nothing of forms, records or sync: signals in, callbacks out.

mod badge;
mod banner;
mod bars;
mod button;
mod chip;
mod dialog;
mod empty_state;
mod field;
mod icon;
mod image_view;
mod keyed_list;
mod progress;
mod qr;
mod rich_text;
mod segmented;
mod toast;
mod virtual_list;

pub use badge::{Badge, Tone};
pub use banner::{Banner, Trouble};
pub use bars::{Bar, Bars};
pub use button::{Button, ButtonKind, IconButton};
pub use chip::{ChipSelect, ChipToggle, ChoiceOption};
pub use dialog::Sheet;
pub use empty_state::EmptyState;
pub use field::{PasswordField, SearchField, TextField};
pub use icon::{Glyph, Icon};
pub use image_view::{FullImage, Thumbnail};
pub use keyed_list::keyed_list;
pub use progress::ProgressBar;
pub use qr::Qr;
pub use rich_text::{RichText, Voice, plain_text, rich_text, voice};
pub use segmented::Segmented;
pub use toast::{Act, Toast, Toaster, ToasterView};
pub use virtual_list::VirtualList;
