//! `/fill`: every form, by kind of work, with a search.

use leptos::prelude::*;

use crate::reactive::{Show, memo};

use super::today::Readiness;
use super::{
    low_space::{LowSpace, PrivateWindow},
    title_page,
};
use crate::components::{EmptyState, Glyph, Icon, SearchField};
use crate::locale::Language;
use crate::stores::{
    Library,
    pack::{Pack, PackForm},
    preferences::use_words,
};

/// Forms to begin, by kind.
#[component]
pub fn FillPage() -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    title_page(words.say(Language::fill));
    let search = RwSignal::new(String::new());
    let groups = memo(move || by_kind(&library.pack().read(), &search.read()));
    view! {
        <div class="page fill">
            <header class="page-head">
                <h1>{words.say(Language::fill)}</h1>
                <SearchField
                    label=words.say(Language::search_forms)
                    clear_label=words.say(Language::clear_search)
                    found=Signal::derive(move || {
                        let count = groups.read().iter().map(|(_, forms)| forms.len()).sum();
                        words.now().matches(count)
                    })
                    on_input=move |text| {
                        search.try_set(text);
                    }
                />
            </header>
            <PrivateWindow />
            <LowSpace />
            <Readiness />
            <Show when=move || groups.read().is_empty() && !search.read().is_empty()>
                <EmptyState glyph=Glyph::Search text=words.say(Language::no_form_found) />
            </Show>
            {move || groups.get().into_iter().map(|(kind, forms)| view! { <Kind kind=kind forms=forms /> }).collect_view()}
        </div>
    }
}

#[component]
fn Kind(kind: String, forms: Vec<PackForm>) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let title = move || {
        let pack = library.pack().get();
        let title = pack.form_kinds.iter().find(|known| known.id == kind).map(|known| &known.title);
        match title {
            Some(title) => title.get(words.now()).to_owned(),
            None if kind.is_empty() => words.now().other_forms().to_owned(),
            None => kind.clone(),
        }
    };
    view! {
        <section class="section">
            <h2>{title}</h2>
            <ul class="list card">
                {forms.into_iter().map(|form| view! { <li><FormRow form=form /></li> }).collect_view()}
            </ul>
        </section>
    }
}

/// A form to begin.
#[component]
pub(super) fn FormRow(form: PackForm) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let PackForm { id, title, how_often, hash, .. } = form;
    let lacking = memo(move || library.lacking_files().read().of_form(&hash));
    let often = move || how_often.get(words.now()).to_owned();
    view! {
        <a class="list-row" href=format!("/fill/{id}") data-form=id>
            <span class="list-row-title">{move || title.get(words.now()).to_owned()}</span>
            <Icon glyph=Glyph::Plus />
            <span class="list-row-detail">{often}</span>
            <Show when=move || lacking.get() != 0>
                <span class="list-row-detail form-lacks">{move || words.now().lacks_files(lacking.get())}</span>
            </Show>
        </a>
    }
}

/// Forms whose title in any language has the words, grouped by kind; kinds and forms in the order of the pack.
fn by_kind(pack: &Pack, search: &str) -> Vec<(String, Vec<PackForm>)> {
    let sought = report::fold(search);
    let mut groups: Vec<(String, Vec<PackForm>)> = Vec::new();
    for form in pack.forms.iter().filter(|form| !form.withdrawn) {
        let titles: Vec<&str> = form.title.0.values().map(String::as_str).collect();
        if !report::matches(&report::fold(&titles.join(" ")), &sought) {
            continue;
        }
        let kind = form.kind.clone().unwrap_or_default();
        match groups.iter_mut().find(|(other, _)| *other == kind) {
            Some((_, group)) => group.push(form.clone()),
            None => groups.push((kind, vec![form.clone()])),
        }
    }
    groups.sort_by_key(|(kind, _)| {
        pack.form_kinds.iter().position(|known| known.id == *kind).unwrap_or(usize::MAX)
    });
    groups
}

#[cfg(test)]
mod tests {
    use crate::stores::pack::{FormKind, Text};

    use super::*;

    fn form(id: &str, kind: &str, title: &str) -> PackForm {
        let title = Text([("vi".to_owned(), title.to_owned())].into());
        PackForm { id: id.to_owned(), kind: Some(kind.to_owned()), title, ..PackForm::default() }
    }

    #[test]
    fn a_form_that_was_withdrawn_is_offered_to_nobody() {
        let gone = PackForm { withdrawn: true, ..form("b", "inspection", "Kiểm tra") };
        let forms = vec![form("a", "inspection", "Kiểm tra"), gone];
        let pack = Pack { forms, ..Pack::default() };
        let found: Vec<String> = by_kind(&pack, "")
            .into_iter()
            .flat_map(|(_, forms)| forms)
            .map(|form| form.id)
            .collect();
        assert_eq!(found, ["a"]);
    }

    #[test]
    fn forms_are_found_without_diacritics_and_grouped_by_kind() {
        let forms = vec![
            form("a", "inspection", "Phiếu kiểm tra"),
            form("b", "session", "Buổi tập huấn"),
            form("c", "inspection", "Kiểm tra đột xuất"),
            form("d", "unknown", "Sổ"),
        ];
        let kind = |id: &str| FormKind { id: id.to_owned(), ..FormKind::default() };
        let form_kinds = vec![kind("session"), kind("inspection"), kind("without")];
        let pack = Pack { forms, form_kinds, ..Pack::default() };
        let ids = |search: &str| -> Vec<(String, Vec<String>)> {
            let groups = by_kind(&pack, search).into_iter();
            groups
                .map(|(kind, forms)| (kind, forms.into_iter().map(|form| form.id).collect()))
                .collect()
        };
        let group = |kind: &str, ids: &[&str]| {
            (kind.to_owned(), ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>())
        };
        let session = group("session", &["b"]);
        let unknown = group("unknown", &["d"]);
        assert_eq!(ids(""), [session, group("inspection", &["a", "c"]), unknown]);
        assert_eq!(ids("kiem dot"), [group("inspection", &["c"])]);
        assert_eq!(ids("khong co"), []);
    }
}
