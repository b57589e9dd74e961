//! Counts as bars, with the number written: a table that can also be looked at.

use leptos::prelude::*;

use crate::reactive::memo;

use super::keyed_list::keyed_list;

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// What is counted.
    pub label: String,
    /// How many.
    pub count: usize,
    /// The count as people write it.
    pub text: String,
    /// Where a press leads.
    pub href: Option<String>,
}

/// Bars of one chart, as long as their counts.
#[component]
pub fn Bars(#[prop(into)] bars: Signal<Vec<Bar>>) -> impl IntoView {
    let longest = memo(move || bars.read().iter().map(|bar| bar.count).max().unwrap_or(0).max(1));
    view! {
        <ul class="bars">
            {keyed_list(
                move || bars.get(),
                // Two of one name and one count are two.
                |bar| format!("{} {} {} {:?}", bar.count, bar.text, bar.label, bar.href),
                move |bar| {
                    let count = bar.count;
                    let width = move || format!("{}%", (count * 100 / longest.get()).max(1));
                    let body = view! {
                        <span class="bar-label">{bar.label.clone()}</span>
                        <span class="bar-count">{bar.text.clone()}</span>
                        <span class="bar-track">
                            <span class="bar-fill" style:width=width></span>
                        </span>
                    };
                    view! {
                        <li>
                            {match bar.href.clone() {
                                Some(href) => view! { <a class="bar" href=href>{body}</a> }.into_any(),
                                None => view! { <span class="bar">{body}</span> }.into_any(),
                            }}
                        </li>
                    }
                        .into_any()
                },
            )}
        </ul>
    }
}
