//! What was begun last, and handed in, for the same form and unit: in March, too, somebody looked here.

use leptos::prelude::*;
use sync::wire::RecordId;

use super::record_href;
use crate::components::{Glyph, Icon};
use crate::reactive::memo;
use crate::router::A;
use crate::stores::{Records, day, listed::undated, preferences::use_words};

/// A line that leads to the record that was handed in last for a form and a unit, or before another record; nothing where there is none.
#[component]
pub(super) fn LastTime(
    form: String,
    unit: String,
    #[prop(optional)] before: Option<RecordId>,
    /// What the new record is called so far.
    #[prop(optional, into)]
    title: Signal<String>,
    /// What keeps the list beside it as it is: the end of the address.
    #[prop(optional, into)]
    list: Signal<String>,
) -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let last = memo(move || {
        let before = match before {
            Some(before) => Some(records.summary(before)?),
            None => None,
        };
        let all = records.all().read();
        let title = before.as_ref().map_or_else(|| title.get(), |before| before.title.clone());
        let last = all.last_handed_in(&form, &unit, &title, before.as_deref())?;
        Some((last.id, last.begun_ms, last.title.clone(), last.author.clone()))
    });
    move || {
        last.get().map(|(id, begun_ms, title, author)| {
            let told = move || {
                let language = words.now();
                let day = language.day(begun_ms, day::now().offset_min);
                let what = match title.as_str() {
                    "" => day,
                    dated if undated(dated).is_some() => dated.to_owned(),
                    title => format!("{title}, {day}"),
                };
                language.last_time(&what, &records.person(&author))
            };
            let href = Signal::derive(move || record_href(id) + &list.read());
            view! {
                <A href=href attr:class="last-time">
                    <Icon glyph=Glyph::History />
                    <span>{told}</span>
                </A>
            }
        })
    }
}
