//! Maps in questions. A control says what lies where ([`OnMap`]); what moves pictures about ([`MapView`]) is a part of the app
//! that comes when there is a map to show.

mod fingers;
mod mercator;
mod place;
mod view;

use std::sync::Arc;

use leptos::prelude::*;

use crate::reactive::Show;

use super::question::Asked;
use crate::components::{Button, ButtonKind, Glyph};
use crate::locale::Words;
use crate::stores::server_map::{MapAbout, ServerMap};

pub(super) use place::Mark;
pub use place::Place;
pub use view::MapView;

/// How a map is drawn: it is in another part of the app, and pages know how that comes.
#[derive(Clone)]
pub(super) struct MapSlot(pub ViewFn);

/// What a map is about.
#[derive(Clone)]
struct Mapped {
    about: Arc<MapAbout>,
    marks: Memo<Vec<Mark>>,
    put: Option<Callback<Place>>,
    pick: Option<Callback<usize>>,
    label: Signal<String>,
    locked: Signal<bool>,
    words: Words,
}

/// The map of a question, if the server has one and there is a network; else nothing.
#[component]
pub(super) fn OnMap(
    asked: Asked,
    /// What lies on it.
    marks: Memo<Vec<Mark>>,
    /// Whether it is there at once, or when somebody asks for it.
    opens: bool,
    /// What a place in its middle is put to.
    #[prop(optional_no_strip)]
    put: Option<Callback<Place>>,
    /// What a touch of a mark does.
    #[prop(optional_no_strip)]
    pick: Option<Callback<usize>>,
) -> impl IntoView {
    let words = asked.words;
    let about = expect_context::<ServerMap>().about();
    let MapSlot(slot) = expect_context::<MapSlot>();
    let open = RwSignal::new(opens);
    let label = Signal::derive(move || {
        let language = words.now();
        if open.get() { language.hide_map() } else { language.show_map() }.to_owned()
    });
    move || {
        let about = about.get()?;
        let slot = slot.clone();
        let (label_text, locked) = (asked.label_text(), asked.readonly());
        provide_context(Mapped { about, marks, put, pick, label: label_text, locked, words });
        Some(view! {
            <Show when=move || open.get()>{slot.run()}</Show>
            {(!opens)
                .then(|| {
                    let turn = move |()| open.update(|open| *open = !*open);
                    view! { <Button kind=ButtonKind::Quiet icon=Glyph::Globe label=label on_click=turn /> }
                })}
        })
    }
}
