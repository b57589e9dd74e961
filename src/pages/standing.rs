//! The line on top of every screen: what is on this phone only, and what the server has.

use leptos::prelude::*;

use super::moment;
use crate::components::{Button, ButtonKind, Glyph, Icon, Sheet, Tone};
use crate::locale::Language;
use crate::reactive::memo;
use crate::router::use_router;
use crate::stores::{
    Records, SyncStatus,
    preferences::use_words,
    sync_status::{Blocked, Phase, Standing},
};

/// What sync is doing, when that is worth a word.
pub(super) fn phase_text(language: Language, phase: Phase) -> Option<String> {
    let text = match phase {
        Phase::Idle => return None,
        Phase::AskedToWait(minutes) => return Some(language.asked_to_wait(minutes)),
        Phase::Sending => language.phase_sending(),
        Phase::SendingFiles => language.phase_sending_files(),
        Phase::Receiving => language.phase_receiving(),
        Phase::Offline => language.phase_offline(),
        Phase::Blocked(Blocked::SignedOut) => language.blocked_signed_out(),
        Phase::Blocked(Blocked::UpgradeNeeded) => language.blocked_upgrade(),
        Phase::Blocked(Blocked::Storage) => language.blocked_storage(),
        Phase::Blocked(Blocked::ServerError) => language.blocked_server(),
        Phase::Blocked(Blocked::FileDamaged) => language.blocked_file(),
    };
    Some(text.to_owned())
}

fn has_unsent(standing: &Standing) -> bool {
    standing.unsent_records > 0 || standing.unsent_files > 0
}

/// Whether it asks the server for news with nothing to send: "sending" would say that something is still to go.
fn only_looks(standing: &Standing) -> bool {
    matches!(standing.phase, Phase::Sending | Phase::SendingFiles) && !has_unsent(standing)
}

/// What of the line is read out by itself: neither a moment nor what comes and goes each time the phone asks for news.
fn told(language: Language, standing: &Standing) -> String {
    if !standing.counted {
        return String::new();
    }
    let what = not_in_place(language, standing);
    let what = what.unwrap_or_else(|| language.lose_nothing().to_owned());
    let why = match standing.phase {
        Phase::Blocked(_) => phase_text(language, standing.phase),
        _ => waiting(language, standing),
    };
    match why {
        Some(why) => format!("{what} · {why}"),
        None => what,
    }
}

/// What the server has not, or could not put where it belongs.
fn not_in_place(language: Language, standing: &Standing) -> Option<String> {
    match standing {
        _ if has_unsent(standing) => {
            Some(language.only_here(standing.unsent_records, standing.unsent_files))
        }
        _ if standing.quarantined > 0 => Some(language.kept_aside(standing.quarantined)),
        _ => None,
    }
}

/// Why some of that waits though there is a network.
fn waiting(language: Language, standing: &Standing) -> Option<String> {
    let count = standing.files_for_wifi;
    (count > 0).then(|| language.wait_for_wifi(count))
}

/// What sync does with what is still to go, or why some of that waits.
fn doing(language: Language, standing: &Standing) -> Option<String> {
    phase_text(language, standing.phase).or_else(|| waiting(language, standing))
}

/// The one honest line.
fn line(language: Language, standing: &Standing) -> String {
    if !standing.counted {
        return language.opening().to_owned();
    }
    let what = not_in_place(language, standing).unwrap_or_else(|| match standing.last_success_ms {
        Some(at) => language.all_sent_at(&moment(language, at)),
        None => language.never_sent().to_owned(),
    });
    match doing(language, standing).filter(|_| !only_looks(standing)) {
        Some(phase) => format!("{what} · {phase}"),
        None => what,
    }
}

fn look(standing: &Standing) -> (Tone, Glyph) {
    match standing.phase {
        Phase::Blocked(_) => (Tone::Bad, Glyph::Warning),
        _ if !standing.counted => (Tone::Plain, Glyph::Phone),
        Phase::Sending | Phase::SendingFiles if has_unsent(standing) => {
            (Tone::Attention, Glyph::Sending)
        }
        _ if has_unsent(standing) => (Tone::Attention, Glyph::Phone),
        _ if standing.quarantined > 0 => (Tone::Attention, Glyph::Warning),
        Phase::AskedToWait(_) => (Tone::Attention, Glyph::Sending),
        Phase::Offline => (Tone::Plain, Glyph::Offline),
        Phase::Idle | Phase::Sending | Phase::SendingFiles | Phase::Receiving => {
            (Tone::Good, Glyph::Sent)
        }
    }
}

/// The line; a press explains it and offers to send.
#[component]
pub(super) fn StandingLine() -> impl IntoView {
    let words = use_words();
    let standing = expect_context::<SyncStatus>().standing();
    let open = RwSignal::new(false);
    let is_whole = expect_context::<Records>().is_whole();
    let told = memo(move || told(words.now(), &standing.read()));
    view! {
        <button
            type="button"
            data-records=move || is_whole.get().then_some("whole")
            class=move || format!("standing-line {}", look(&standing.read()).0.class())
            aria-haspopup="dialog"
            data-unsent=move || {
                let standing = standing.read();
                standing.counted.then_some(standing.unsent_records + standing.unsent_files)
            }
            on:click=move |_| open.set(true)
        >
            <Icon glyph=Signal::derive(move || look(&standing.read()).1) />
            <span>{move || line(words.now(), &standing.read())}</span>
        </button>
        <p class="visually-hidden" role="status">{told}</p>
        <Sheet
            open=open
            title=words.say(Language::standing)
            close_label=words.say(Language::close)
            on_close=move |()| {
                open.try_set(false);
            }
        >
            <Explained open=open />
        </Sheet>
    }
}

#[component]
fn Explained(open: RwSignal<bool>) -> impl IntoView {
    let words = use_words();
    let status = expect_context::<SyncStatus>();
    let standing = status.standing();
    let lost = move || {
        let (language, standing) = (words.now(), standing.read());
        if !standing.counted {
            language.opening().to_owned()
        } else if has_unsent(&standing) {
            language.would_lose(standing.unsent_records, standing.unsent_files)
        } else {
            language.lose_nothing().to_owned()
        }
    };
    let only_here = move || {
        let (language, standing) = (words.now(), standing.read());
        let (records, files) = (standing.unsent_records, standing.unsent_files);
        let what = language.records_and_files(records, files);
        match files {
            0 => what,
            _ => format!("{what} ({})", language.bytes(standing.unsent_bytes)),
        }
    };
    let is_unsent = memo(move || has_unsent(&standing.read()));
    // As it was when the sheet was opened: no button changes under a finger. Without a network the file is what helps.
    let is_offline = standing.with_untracked(|now| now.phase == Phase::Offline && has_unsent(now));
    let is_out = standing.with_untracked(|now| now.phase == Phase::Blocked(Blocked::SignedOut));
    let (file, now) = match is_offline {
        true => (ButtonKind::Primary, ButtonKind::Secondary),
        false => (ButtonKind::Secondary, ButtonKind::Primary),
    };
    let router = use_router();
    let by_file = move |()| {
        open.set(false);
        router.go("/carry");
    };
    let send = move |()| {
        open.set(false);
        if is_out {
            router.go("/sign-in");
        } else {
            status.send_all();
        }
    };
    let send_label = if is_out { Language::sign_in_again } else { Language::send_now };
    let last = move || {
        let language = words.now();
        let at = standing.read().last_success_ms;
        at.map_or_else(|| language.never_sent().to_owned(), |at| moment(language, at))
    };
    view! {
        <dl class="facts">
            <dt>{words.say(Language::if_lost)}</dt>
            <dd>{lost}</dd>
            <dt>{words.say(Language::on_phone_only)}</dt>
            <dd>{only_here}</dd>
            <dt>{words.say(Language::server_has)}</dt>
            <dd>{last}</dd>
            {move || {
                let count = standing.read().quarantined;
                (count > 0)
                    .then(|| {
                        view! {
                            <dt>{words.say(Language::in_repair)}</dt>
                            <dd>{words.now().record_count(count)}</dd>
                        }
                    })
            }}
        </dl>
        <p class="standing-phase" role="status">{move || doing(words.now(), &standing.read())}</p>
        <p class="muted">{words.say(Language::sent_by_itself)}</p>
        <div class="button-row">
            <Button kind=now icon=Glyph::Sending label=words.say(send_label) on_click=send />
            {move || {
                is_unsent
                    .get()
                    .then(|| view! { <Button kind=file icon=Glyph::Download label=words.say(Language::by_file) on_click=by_file /> })
            }}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_to_be_on_its_way_when_the_server_has_all() {
        let all_sent = Standing { counted: true, last_success_ms: Some(0), ..Standing::default() };
        for (phase, unsent_records, told) in [
            (Phase::Idle, 0, None),
            (Phase::Sending, 0, None),
            (Phase::SendingFiles, 0, None),
            (Phase::Receiving, 0, Some("Đang nhận…")),
            (Phase::Offline, 0, Some("Không có mạng")),
            (Phase::Sending, 2, Some("Đang gửi…")),
        ] {
            let standing = Standing { phase, unsent_records, ..all_sent.clone() };
            let line = line(Language::Vi, &standing);
            assert_eq!(line.split(" · ").nth(1), told, "{line}");
        }
    }

    #[test]
    fn what_is_read_out_by_itself_does_not_change_with_the_clock_or_with_asking_for_news() {
        let told = |standing: Standing| told(Language::Vi, &standing);
        let standing = |last_success_ms, phase, unsent_records| Standing {
            counted: true,
            last_success_ms,
            phase,
            unsent_records,
            ..Standing::default()
        };
        let all_sent = told(standing(Some(0), Phase::Idle, 0));
        for phase in [Phase::Idle, Phase::Sending, Phase::Receiving, Phase::Offline] {
            assert_eq!(told(standing(Some(180_000), phase, 0)), all_sent);
        }
        assert!(told(standing(Some(0), Phase::Idle, 2)).starts_with("2 hồ sơ"));
        let signed_out = told(standing(Some(0), Phase::Blocked(Blocked::SignedOut), 0));
        assert!(signed_out.ends_with("Cần đăng nhập lại để gửi"), "{signed_out}");
        assert_eq!(told(Standing::default()), "");
    }

    #[test]
    fn whoever_lets_large_files_wait_reads_how_many_do() {
        let waits =
            Standing { counted: true, unsent_files: 3, files_for_wifi: 2, ..Standing::default() };
        for (phase, told) in [
            (Phase::Idle, "2 tệp lớn chờ Wi-Fi"),
            (Phase::SendingFiles, "Đang gửi ảnh, chữ ký…"),
            (Phase::Offline, "Không có mạng"),
        ] {
            let line = line(Language::Vi, &Standing { phase, ..waits.clone() });
            assert_eq!(line, format!("3 tệp chỉ có trên máy này · {told}"));
        }
        let heard = told(Language::Vi, &waits);
        assert_eq!(heard, "3 tệp chỉ có trên máy này · 2 tệp lớn chờ Wi-Fi");
        let one = Standing { unsent_files: 1, files_for_wifi: 1, ..waits };
        assert_eq!(
            line(Language::En, &one),
            "1 file on this phone only · 1 large file waits for Wi-Fi"
        );
    }

    #[test]
    fn before_anything_was_counted_nobody_says_that_the_server_has_all() {
        let standing = Standing { last_success_ms: Some(0), ..Standing::default() };
        assert_eq!(line(Language::Vi, &standing), "Đang mở…");
        assert_ne!(look(&standing).0, Tone::Good);
    }
}
