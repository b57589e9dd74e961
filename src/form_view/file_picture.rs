//! A stored picture in place, opening in full.

use std::{cell::Cell, rc::Rc, sync::Arc};

use futures::lock::{Mutex, OwnedMutexGuard};
use leptos::prelude::*;

use crate::reactive::{effect, memo};
use sync::wire::FileRef;

use super::StoredFile;
use crate::components::{FullImage, Thumbnail};
use crate::locale::Language;
use crate::platform::{files::ObjectUrl, tasks};
use crate::stores::{Records, preferences::use_words};

/// What is known of the picture.
#[derive(Clone, Default)]
enum Picture {
    #[default]
    Loading,
    Shown(Rc<ObjectUrl>),
    Missing,
    /// This browser draws no such pictures, or not one of that size.
    Undrawn,
}

/// So many pictures are opened at a time: a record may have hundreds, and what is read before them comes from the same disk and line.
const AT_ONCE: usize = 4;

/// Where pictures come from. One that is here stands behind none that comes over a bad line.
#[derive(Clone, Copy)]
enum From {
    Here,
    There,
}

type Lanes = ([Arc<Mutex<()>>; AT_ONCE], Cell<usize>);

thread_local! {
    static LANES: [Lanes; 2] = Default::default();
}

/// Waits for the turn to open a picture.
async fn turn(from: From) -> OwnedMutexGuard<()> {
    let lane = LANES.with(|all| {
        let (lanes, next) = &all[from as usize];
        if let Some(free) = lanes.iter().find(|lane| lane.try_lock().is_some()) {
            return Arc::clone(free);
        }
        Arc::clone(&lanes[next.replace((next.get() + 1) % AT_ONCE)])
    });
    lane.lock_owned().await
}

/// A picture of a record: a thumbnail that opens in full. Its bytes come from the phone, else from the server.
#[component]
pub fn FilePicture(
    #[prop(into)] file: Signal<Option<FileRef>>,
    #[prop(into)] alt: Signal<String>,
) -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let picture = RwSignal::new_local(Picture::Loading);
    let is_open = RwSignal::new(false);
    let file = memo(move || file.get());
    // What did not come is asked for anew when there is a network again.
    let network = RwSignal::new(());
    let came = window_event_listener(leptos::ev::online, move |_| {
        if matches!(*picture.read_untracked(), Picture::Missing) {
            network.set(());
        }
    });
    on_cleanup(move || came.remove());
    effect(move || {
        network.track();
        let Some(asked) = file.get() else { return };
        picture.set(Picture::Loading);
        tasks::spawn(async move {
            let is_asked = || file.try_get_untracked().flatten().as_ref() == Some(&asked);
            let here = turn(From::Here).await;
            // Nobody may look at it by now.
            if !is_asked() {
                return;
            }
            let loaded = records.file_here(&asked).await;
            drop(here);
            let loaded = match loaded {
                Ok(None) => {
                    let _turn = turn(From::There).await;
                    if !is_asked() {
                        return;
                    }
                    records.file_there(&asked).await.ok()
                }
                here => here.ok().flatten(),
            };
            // What comes late is not shown in place of another one.
            if !is_asked() {
                return;
            }
            let url = loaded.and_then(|picture| ObjectUrl::of(&picture).ok());
            picture.try_set(url.map_or(Picture::Missing, |url| Picture::Shown(Rc::new(url))));
        });
    });
    view! {
        {move || match picture.get() {
            Picture::Loading => view! { <span class="thumbnail thumbnail-empty" aria-hidden="true"></span> }.into_any(),
            Picture::Missing => view! { <p class="muted">{words.say(Language::photo_not_here)}</p> }.into_any(),
            Picture::Undrawn => view! {
                <p class="muted">{words.say(Language::photo_not_drawn)}</p>
                {file.get_untracked().map(|file| view! { <StoredFile file=file /> })}
            }
            .into_any(),
            Picture::Shown(url) => {
                let src = url.as_str().to_owned();
                let (full, shown) = (src.clone(), src.clone());
                view! {
                    <Thumbnail
                        src=src
                        alt=alt
                        open_label=words.say(Language::see_full)
                        on_open=move |()| is_open.set(true)
                        on_error=move |()| {
                            // Not one whose address was taken away because another came.
                            let is_shown = |now: &Picture| matches!(now, Picture::Shown(now) if now.as_str() == shown);
                            if picture.try_with_untracked(is_shown) == Some(true) {
                                picture.set(Picture::Undrawn);
                            }
                        }
                    />
                    <FullImage
                        src=full
                        alt=alt
                        open=is_open
                        close_label=words.say(Language::close)
                        on_close=move |()| {
                            is_open.try_set(false);
                        }
                    />
                }
                    .into_any()
            }
        }}
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn a_few_pictures_are_opened_at_a_time_and_the_next_when_one_is_done() {
        let mut open: Vec<_> = (0..AT_ONCE).map(|_| turn(From::There).now_or_never()).collect();
        assert!(open.iter().all(Option::is_some));
        let mut next = Box::pin(turn(From::There));
        assert!(next.as_mut().now_or_never().is_none());
        open.remove(0);
        assert!(next.as_mut().now_or_never().is_some());
    }

    #[test]
    fn a_picture_that_is_here_stands_behind_none_that_comes_over_a_bad_line() {
        let mut open: Vec<_> = (0..AT_ONCE).map(|_| turn(From::There).now_or_never()).collect();
        assert!(turn(From::Here).now_or_never().is_some());
        // The one that is done first makes way, whichever it is.
        for done in [2, 0, 3] {
            open[done] = None;
            open[done] = turn(From::There).now_or_never();
            assert!(open[done].is_some());
        }
    }
}
