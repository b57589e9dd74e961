//! The last talks with the server, told to whoever asks why something is not there yet.

use leptos::prelude::*;

use crate::reactive::Show;

use super::moment;
use super::standing::phase_text;
use crate::locale::Language;
use crate::stores::{SyncStatus, preferences::use_words, sync_log::Talk};

/// What moved in a talk, and why it did not go on.
fn told(language: Language, talk: &Talk) -> String {
    let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let (records, files) = (count(talk.records_up), count(talk.files_up));
    let up = (records + files > 0).then(|| language.went_up(records, files, talk.bytes_up));
    let came = count(talk.records_down);
    let down = (came > 0).then(|| language.came_down(came, talk.bytes_down));
    let why = phase_text(language, talk.end);
    [up, down, why].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// The talks, folded away.
#[component]
pub(super) fn SyncLog() -> impl IntoView {
    let words = use_words();
    let talks = expect_context::<SyncStatus>().talks();
    let line = move |talk: &Talk| {
        let language = words.now();
        view! {
            <li class="list-row">
                <span>{told(language, talk)}</span>
                <span class="list-row-detail">{moment(language, talk.ended_ms)}</span>
            </li>
        }
    };
    view! {
        <details class="section settings" data-sync-log>
            <summary>{words.say(Language::sync_log)}</summary>
            <Show when=move || talks.read().is_empty()>
                <p class="muted">{words.say(Language::sync_log_empty)}</p>
            </Show>
            <ul class="list">{move || talks.read().iter().map(line).collect_view()}</ul>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::sync_status::{Blocked, Phase};

    #[test]
    fn a_talk_is_told_in_one_line() {
        let well = Talk {
            records_up: 3,
            files_up: 2,
            bytes_up: 120 * 1024,
            records_down: 5,
            bytes_down: 900,
            ..Talk::default()
        };
        let waits = Talk { end: Phase::AskedToWait(3), ..Talk::default() };
        let refused = Talk { end: Phase::Blocked(Blocked::SignedOut), ..Talk::default() };
        for (language, talk, line) in [
            (Language::Vi, &well, "Gửi 3 hồ sơ và 2 tệp (120 KB) · Nhận 5 hồ sơ (900 B)"),
            (
                Language::En,
                &well,
                "Sent 3 records and 2 files (120 KB) · Received 5 records (900 B)",
            ),
            (Language::Vi, &refused, "Cần đăng nhập lại để gửi"),
            (Language::Vi, &waits, "Máy chủ yêu cầu chờ 3 phút"),
            (Language::En, &waits, "The server asks to wait 3 minutes"),
        ] {
            assert_eq!(told(language, talk), line);
        }
    }
}
