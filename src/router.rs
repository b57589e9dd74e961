//! Leads addresses to screens and keeps the browser's history. Ours is a dozen addresses: a routing library would be a
//! tenth of what a phone has to fetch.

use leptos::prelude::*;

use crate::reactive::memo;

use crate::platform::address::{self, Address, Query};

/// What fills the page, and which record or form it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub screen: Screen,
    pub id: Option<String>,
}

/// Every screen that has an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// `/`
    Today,
    /// `/fill`
    Fill,
    /// `/fill/:form` begins a record and goes on to fill it.
    Start,
    /// `/records` and `/records/:record`: the list stays beside the record that is read.
    Records,
    /// `/records/:record/edit`
    Entry,
    /// `/repair`
    Repair,
    /// `/people`
    People,
    /// `/carry`
    Carry,
    /// `/reports`
    Reports,
    /// `/more`
    More,
    /// `/forms/preview`
    Preview,
    /// `/sign-in`
    SignIn,
    /// An address that leads nowhere.
    NotFound,
}

impl Place {
    /// The place that a path names.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (screen, id) = match *parts.as_slice() {
            [] => (Screen::Today, None),
            ["fill"] => (Screen::Fill, None),
            ["fill", form] => (Screen::Start, Some(form)),
            ["records"] => (Screen::Records, None),
            ["records", record] => (Screen::Records, Some(record)),
            ["records", record, "edit"] => (Screen::Entry, Some(record)),
            ["repair"] => (Screen::Repair, None),
            ["people"] => (Screen::People, None),
            ["carry"] => (Screen::Carry, None),
            ["reports"] => (Screen::Reports, None),
            ["more"] => (Screen::More, None),
            ["forms", "preview"] => (Screen::Preview, None),
            ["sign-in"] => (Screen::SignIn, None),
            _ => (Screen::NotFound, None),
        };
        Self { screen, id: id.map(str::to_owned) }
    }
}

/// Where the person is, and the way elsewhere.
#[derive(Clone, Copy)]
pub struct Router {
    address: RwSignal<Address>,
    before: StoredValue<Option<Address>>,
    left: StoredValue<Option<Place>>,
    place: Memo<Place>,
    screen: Memo<Screen>,
    query: Memo<Query>,
}

impl Router {
    /// Follows the browser's address from now on. Once in the life of the page.
    #[must_use]
    pub fn start() -> Self {
        let address = RwSignal::new(address::current());
        let place = memo(move || Place::of(&address.read().path));
        let screen = memo(move || place.read().screen);
        let query = memo(move || address.read().query.clone());
        let (before, left) = (StoredValue::new(None), StoredValue::new(None));
        let router = Self { address, before, left, place, screen, query };
        address::on_travel(move || router.arrive());
        address::on_link(move |to| router.go(to));
        router
    }

    /// Goes to an address; the way back leads here.
    pub fn go(self, to: &str) {
        self.before.set_value(Some(self.address.get_untracked()));
        address::change(to, false);
        self.arrive();
        address::scroll_to_start();
    }

    /// Goes back to where the person was before this address, which is none to come back to; to Today, if they were nowhere.
    pub fn return_from_here(self) {
        let before = self.before.get_value();
        let before = before.map(|Address { path, query }| format!("{path}{}", query.suffix()));
        self.replace(before.as_deref().unwrap_or("/"));
    }

    /// Goes to an address in place of this one.
    pub fn replace(self, to: &str) {
        address::change(to, true);
        self.arrive();
        address::scroll_to_start();
    }

    /// Changes the address's query alone: the page stays as it is.
    pub fn refine(self, query: &Query) {
        let path = self.address.with_untracked(|address| address.path.clone());
        address::change(&format!("{path}{}", query.suffix()), true);
        self.arrive();
    }

    fn arrive(self) {
        let here = address::current();
        if self.address.with_untracked(|address| *address != here) {
            self.left.set_value(Some(self.place.get_untracked()));
            self.address.set(here);
        }
    }

    /// Where the person is.
    #[must_use]
    pub fn place(self) -> Memo<Place> {
        self.place
    }

    /// Where they came from, whichever way; nowhere as long as they are where the page was opened, and were let in with it.
    #[must_use]
    pub fn left(self) -> Option<Place> {
        self.left.get_value()
    }

    /// Whoever is let in at this same address comes from outside.
    pub fn come_from_outside(self) {
        self.left.set_value(Some(Place { screen: Screen::SignIn, id: None }));
    }

    /// The screen to show.
    #[must_use]
    pub fn screen(self) -> Memo<Screen> {
        self.screen
    }

    /// The address's named values.
    #[must_use]
    pub fn query(self) -> Memo<Query> {
        self.query
    }

    /// Which record or form `screen` shows. Stays as it was while the person leaves the screen.
    #[must_use]
    pub fn id_on(self, screen: Screen) -> Memo<Option<String>> {
        let place = self.place;
        Memo::new(move |last: Option<&Option<String>>| {
            let place = place.read();
            if place.screen == screen { place.id.clone() } else { last.cloned().flatten() }
        })
    }

    /// Whether the person is at `href` or, unless `exact`, below it.
    fn is_at(self, href: &str, exact: bool) -> bool {
        let address = self.address.read();
        let (href, _) = href.split_once('?').unwrap_or((href, ""));
        let below = address.path.strip_prefix(href);
        below.is_some_and(|rest| rest.is_empty() || !exact && rest.starts_with('/'))
    }
}

/// The router of the app.
#[must_use]
pub fn use_router() -> Router {
    expect_context()
}

/// A link that says so when it leads to where the person is.
#[component]
pub fn A(
    #[prop(into)] href: Signal<String>,
    #[prop(optional)] exact: bool,
    children: Children,
) -> impl IntoView {
    let router = use_router();
    let current = move || router.is_at(&href.read(), exact).then_some("page");
    view! { <a href=href aria-current=current>{children()}</a> }
}

#[cfg(test)]
mod tests {
    use super::{Place, Screen};

    #[test]
    fn each_address_leads_to_its_screen() {
        let cases = [
            ("/", Screen::Today, None),
            ("/fill", Screen::Fill, None),
            ("/fill/pccc", Screen::Start, Some("pccc")),
            ("/records/", Screen::Records, None),
            ("/records/0a1b", Screen::Records, Some("0a1b")),
            ("/records/0a1b/edit", Screen::Entry, Some("0a1b")),
            ("/records/0a1b/other", Screen::NotFound, None),
            ("/repair", Screen::Repair, None),
            ("/people", Screen::People, None),
            ("/reports", Screen::Reports, None),
            ("/more", Screen::More, None),
            ("/sign-in", Screen::SignIn, None),
            ("/nowhere", Screen::NotFound, None),
        ];
        for (path, screen, id) in cases {
            assert_eq!(Place::of(path), Place { screen, id: id.map(str::to_owned) }, "{path}");
        }
    }
}
