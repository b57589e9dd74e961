//! A photo taken in the page. The app stays in front, so that no system ends it for the camera's sake.

use std::rc::Rc;

use leptos::html;
use leptos::prelude::*;

use super::file::{Taking, TakingNews, begin, keep};
use super::photo::PhotoInput;
use crate::components::{Button, Glyph, Icon, IconButton, Sheet, Trouble};
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::platform::camera::{self, Camera, CameraError, Side};
use crate::platform::files::{ObjectUrl, Picked};
use crate::platform::{log_error, photo, tasks};
use crate::reactive::{Show, effect, memo};

/// How far the photo is.
#[derive(Clone, Default)]
enum Stage {
    /// The camera is being switched on.
    #[default]
    Opening,
    /// It shows what it sees.
    Live,
    /// What it saw becomes a photo.
    Shooting,
    /// The photo is shown, and kept only when the person says so.
    Taken(Rc<Taken>),
    /// There is no camera.
    Failed(CameraError),
}

struct Taken {
    picture: Picked,
    shown: ObjectUrl,
}

/// The button that opens the camera.
#[component]
pub(super) fn TakePhoto(
    asked: Asked,
    max_pixels: u32,
    #[prop(into)] label: Signal<String>,
) -> impl IntoView {
    let words = asked.words;
    let open = RwSignal::new(false);
    view! {
        <Button
            icon=Glyph::Camera
            label=label
            disabled=asked.readonly()
            on_click=move |()| open.set(true)
        />
        <Sheet
            full=true
            open=open
            title=asked.label_text()
            close_label=words.say(Language::close)
            on_close=move |()| {
                open.try_set(false);
            }
        >
            <Viewfinder asked=asked max_pixels=max_pixels open=open />
        </Sheet>
    }
}

/// What the camera sees, the shutter, and then the photo.
#[component]
fn Viewfinder(asked: Asked, max_pixels: u32, open: RwSignal<bool>) -> impl IntoView {
    let words = asked.words;
    let video = NodeRef::<html::Video>::new();
    let side = RwSignal::new(if asked.looks("new-front") { Side::Front } else { Side::Back });
    let stage = RwSignal::new_local(Stage::Opening);
    let on = StoredValue::new_local(None::<Rc<Camera>>);
    // Whether the light is on; `None` where the camera has none.
    let torch = RwSignal::new(None::<bool>);
    let has_several = RwSignal::new(false);
    let taking = RwSignal::new(Taking::Idle);
    let tries = RwSignal::new(0_u32);
    // Whether it shows nothing any more: a call has it, or nobody lets the page. The video stands still then, and looks as if it did not.
    let is_away = StoredValue::new(false);
    let ready = move || match is_away.try_get_value() {
        Some(false) => Stage::Live,
        _ => Stage::Failed(CameraError::TakenAway),
    };
    let on_end = move || {
        is_away.try_set_value(true);
        // A photo that was taken before stays.
        if stage.try_with_untracked(|stage| matches!(stage, Stage::Live)) == Some(true) {
            stage.set(ready());
        }
    };

    effect(move || {
        let Some(video) = video.get() else { return };
        let side = side.get();
        tries.track();
        // The one before goes off first: some phones have but one at a time.
        on.set_value(None);
        is_away.set_value(false);
        torch.set(None);
        stage.set(Stage::Opening);
        tasks::spawn(async move {
            let opened = async {
                let camera = Rc::new(Camera::open(side, Some(max_pixels), on_end).await?);
                camera.show_in(&video).await?;
                Ok::<_, CameraError>(camera)
            };
            let now = match opened.await {
                Ok(camera) => {
                    torch.try_set(camera.has_torch().then_some(false));
                    on.try_set_value(Some(camera));
                    has_several.try_set(camera::has_several().await);
                    ready()
                }
                Err(error) => {
                    log_error(&error.to_string());
                    Stage::Failed(error)
                }
            };
            stage.try_set(now);
        });
    });
    // Once the photo is on the disk, by whichever way it came, the camera has nothing more to do.
    let was_busy = StoredValue::new(false);
    effect(move || {
        let now = taking.get();
        if was_busy.get_value() && now == Taking::Idle {
            open.try_set(false);
        }
        was_busy.set_value(now.is_busy());
    });
    let shoot = move |()| {
        let Some(video) = video.get_untracked() else { return };
        // One that is on its way from elsewhere goes on.
        if !taking.read_untracked().is_busy() {
            taking.set(Taking::Idle);
        }
        stage.set(Stage::Shooting);
        tasks::spawn(async move {
            let shot = async {
                let frame = camera::frame(&video).await.map_err(|error| error.to_string())?;
                let picture = photo::develop(&frame, max_pixels).await.map_err(|error| error.0)?;
                let shown = ObjectUrl::new(&picture.bytes, &picture.media_type);
                Ok::<_, String>(Taken { picture, shown: shown.map_err(|error| error.0)? })
            };
            let now = match shot.await {
                Ok(taken) => Stage::Taken(Rc::new(taken)),
                Err(error) => {
                    log_error(&format!("photo not taken: {error}"));
                    taking.try_set(Taking::Unreadable);
                    ready()
                }
            };
            stage.try_set(now);
        });
    };
    let use_it = move |()| {
        let Stage::Taken(taken) = stage.get_untracked() else { return };
        let coming = begin(asked, taking);
        tasks::spawn(async move {
            keep(asked, coming, Ok(taken.picture.clone().to_keep()), taking).await;
        });
    };
    let shine = move |()| {
        let (Some(camera), Some(lit)) = (on.get_value(), torch.get_untracked()) else { return };
        tasks::spawn(async move {
            match camera.set_torch(!lit).await {
                Ok(()) => {
                    torch.try_set(Some(!lit));
                }
                Err(error) => log_error(&error.to_string()),
            }
        });
    };
    let is_taken = memo(move || matches!(*stage.read(), Stage::Taken(_)));
    let is_live = memo(move || matches!(*stage.read(), Stage::Live));
    let failed = memo(move || match &*stage.read() {
        Stage::Failed(error) => Some(error.clone()),
        _ => None,
    });
    let is_busy = memo(move || taking.read().is_busy());
    let shown = move || match &*stage.read() {
        Stage::Taken(taken) => Some(taken.shown.as_str().to_owned()),
        _ => None,
    };
    view! {
        <div class="viewfinder" data-camera=move || if is_taken.get() { "taken" } else if is_live.get() { "live" } else { "waiting" }>
            <div class="viewfinder-picture" class:viewfinder-off=move || failed.get().is_some()>
                <video
                    class="viewfinder-video"
                    class:viewfinder-mirror=move || side.get() == Side::Front
                    node_ref=video
                    playsinline
                    muted
                    aria-label=words.say(Language::camera_sees)
                ></video>
                {move || shown().map(|src| view! { <img class="viewfinder-taken" src=src alt=words.say(Language::photo_taken) /> })}
            </div>
            <Trouble told=Signal::derive(move || failed.get().map(|error| camera_text(words.now(), &error).to_owned())) />
            <TakingNews asked=asked taking=taking is_photo=true />
            <p class="visually-hidden" role="status">
                {move || match &*stage.read() {
                    Stage::Opening => words.now().camera_opening(),
                    Stage::Live => words.now().camera_ready(),
                    Stage::Taken(_) => words.now().photo_taken(),
                    Stage::Shooting | Stage::Failed(_) => "",
                }}
            </p>
            <Show
                when=move || is_taken.get()
                fallback=move || {
                    view! {
                        <Show when=move || failed.get().is_none()>
                            <div class="viewfinder-bar">
                                <div class="viewfinder-side">
                                    <Show when=move || torch.get().is_some()>
                                        <button
                                            class="icon-button"
                                            type="button"
                                            aria-label=words.say(Language::camera_light)
                                            title=words.say(Language::camera_light)
                                            aria-pressed=move || if torch.get() == Some(true) { "true" } else { "false" }
                                            on:click=move |_| shine(())
                                        >
                                            <Icon glyph=Glyph::Light />
                                        </button>
                                    </Show>
                                </div>
                                <Shutter label=words.say(Language::shoot) is_live=is_live on_press=shoot />
                                <div class="viewfinder-side">
                                    <Show when=move || has_several.get()>
                                        <IconButton
                                            label=words.say(Language::flip_camera)
                                            glyph=Glyph::Sending
                                            on_click=move |()| {
                                                if is_live.get_untracked() {
                                                    side.update(|side| *side = side.other());
                                                }
                                            }
                                        />
                                    </Show>
                                </div>
                            </div>
                        </Show>
                        <div class="button-row viewfinder-other">
                            <PhotoInput
                                asked=asked
                                taking=taking
                                max_pixels=max_pixels
                                camera=true
                                label=words.say(Language::system_camera)
                            />
                            <Show when=move || failed.get().is_some()>
                                <PhotoInput
                                    asked=asked
                                    taking=taking
                                    max_pixels=max_pixels
                                    camera=false
                                    label=words.say(Language::choose_photo)
                                />
                                <Button
                                    label=words.say(Language::try_again)
                                    on_click=move |()| tries.update(|tries| *tries += 1)
                                />
                            </Show>
                        </div>
                    }
                }
            >
                <div class="button-row viewfinder-bar">
                    <Button
                        label=words.say(Language::change_photo)
                        disabled=is_busy
                        on_click=move |()| {
                            taking.set(Taking::Idle);
                            if is_away.get_value() {
                                tries.update(|tries| *tries += 1);
                            } else {
                                stage.set(Stage::Live);
                            }
                        }
                    />
                    <UsePhoto label=words.say(Language::use_photo) is_busy=is_busy on_press=use_it />
                </div>
            </Show>
        </div>
    }
}

/// The big button. It has the focus as soon as there is something to take.
#[component]
fn Shutter(
    #[prop(into)] label: Signal<String>,
    is_live: Memo<bool>,
    #[prop(into)] on_press: Callback<()>,
) -> impl IntoView {
    let button = NodeRef::<html::Button>::new();
    effect(move || {
        if let (Some(button), true) = (button.get(), is_live.get())
            && let Err(error) = button.focus()
        {
            log_error(&format!("no focus: {error:?}"));
        }
    });
    view! {
        <button
            class="shutter"
            type="button"
            node_ref=button
            aria-label=move || label.get()
            title=move || label.get()
            // Not `disabled`, which would throw the focus out of the dialog.
            aria-disabled=move || if is_live.get() { "false" } else { "true" }
            on:click=move |_| {
                if is_live.get_untracked() {
                    on_press.run(());
                }
            }
        ></button>
    }
}

#[component]
fn UsePhoto(
    #[prop(into)] label: Signal<String>,
    is_busy: Memo<bool>,
    #[prop(into)] on_press: Callback<()>,
) -> impl IntoView {
    let button = NodeRef::<html::Button>::new();
    effect(move || {
        if let Some(button) = button.get()
            && let Err(error) = button.focus()
        {
            log_error(&format!("no focus: {error:?}"));
        }
    });
    view! {
        <button
            class="button button-primary"
            type="button"
            node_ref=button
            aria-disabled=move || is_busy.get().then_some("true")
            on:click=move |_| {
                if !is_busy.get_untracked() {
                    on_press.run(());
                }
            }
        >
            <Icon glyph=Glyph::Check />
            <span>{move || label.get()}</span>
        </button>
    }
}

/// Why there is no camera, and what to do.
fn camera_text(language: Language, error: &CameraError) -> &'static str {
    match error {
        CameraError::Refused => language.camera_refused(),
        CameraError::Missing => language.camera_missing(),
        CameraError::Failed(_) => language.camera_failed(),
        CameraError::TakenAway => language.camera_taken_away(),
    }
}
