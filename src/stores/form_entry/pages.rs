//! The pages of an open form: which one is on screen, and the way from one to another.

use form::{NodeId, NodeKind, Session};
use leptos::prelude::*;

use super::FormEntry;

impl FormEntry {
    /// The form's pages, relevant ones only.
    #[must_use]
    pub fn pages(self) -> Signal<Vec<NodeId>> {
        self.pages.into()
    }

    /// The page on screen: one of [`Self::pages`].
    #[must_use]
    pub fn page(self) -> Signal<NodeId> {
        self.page.into()
    }

    /// The page on screen by its place, from 0, and how many there are.
    #[must_use]
    pub fn progress(self) -> Signal<(usize, usize)> {
        Signal::derive(move || {
            let pages = self.pages.read();
            (place_in(&pages, self.page.get()), pages.len())
        })
    }

    /// Shows a page; one of rows where the person left it.
    pub fn go_to(self, page: NodeId) {
        if self.page.get_untracked() != page {
            self.page.set(page);
        }
        self.log_page(page);
        let row = self.rows_left.with_value(|rows| rows.get(&page).copied());
        let row = row.filter(|row| self.parent(*row) == Some(page));
        self.focused.set(row);
        self.remember_place(row.unwrap_or(page));
        self.save_soon(0);
    }

    /// Shows the whole form on one page, or page by page again. Whoever was at a question stays there.
    pub fn show_whole(self, whole: bool) {
        let place = self.draft.with_value(|draft| draft.place());
        let (pages, place) = self.session.with_value(|session| {
            let pages = if whole { vec![session.root()] } else { session.pages() };
            let place = session.find(&place);
            let place = place.filter(|place| page_of(session, &pages, *place).is_some());
            (pages, place)
        });
        let first = pages.first().copied().unwrap_or_else(|| self.root());
        self.pages.set(pages);
        match place {
            Some(place) => self.go_to_question(place),
            None => self.go_to(first),
        }
    }

    /// Whether the whole form is on one page.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.pages.with(|pages| pages.first() == Some(&self.root()))
    }

    /// Shows the page of a question, and the question on it.
    pub fn go_to_question(self, question: NodeId) {
        let page = self
            .session
            .with_value(|session| page_of(session, &self.pages.read_untracked(), question));
        if let Some(page) = page {
            self.log_event("jump", Some(question));
            self.go_to(page);
            self.focused.set(Some(question));
            self.remember_place(question);
        }
    }

    /// Shows the next page; `false` at the end.
    pub fn next_page(self) -> bool {
        self.step(|place, _| Some(place + 1))
    }

    /// Shows the page before; `false` at the beginning.
    pub fn previous_page(self) -> bool {
        self.step(|place, _| place.checked_sub(1))
    }

    fn step(self, to: impl FnOnce(usize, usize) -> Option<usize>) -> bool {
        let pages = self.pages.get_untracked();
        let place = to(place_in(&pages, self.page.get_untracked()), pages.len());
        match place.and_then(|place| pages.get(place)) {
            Some(page) => {
                self.go_to(*page);
                true
            }
            None => false,
        }
    }

    /// The question to show first: where the person was when the form was left, or asked to go. A row where they come back to its page.
    #[must_use]
    pub fn focused(self) -> Signal<Option<NodeId>> {
        self.focused.into()
    }

    pub(super) fn remember_row(self, node: NodeId) {
        let page = self.page.get_untracked();
        if !matches!(self.node(page).read_untracked().kind, NodeKind::Repeat { .. }) {
            return;
        }
        let mut ways_up = std::iter::successors(Some(node), |node| self.parent(*node));
        if let Some(row) = ways_up.find(|node| self.parent(*node) == Some(page)) {
            self.rows_left.update_value(|rows| {
                rows.insert(page, row);
            });
        }
    }

    /// The form has these pages from here on.
    pub(super) fn take_in_pages(self, pages: Vec<NodeId>) {
        if *self.pages.read_untracked() == pages {
            return;
        }
        let page = self.page.get_untracked();
        if !pages.contains(&page) {
            // The page on screen went away: the one before it that is still there is nearest.
            let before = place_in(&self.pages.read_untracked(), page);
            let earlier = self.pages.with_untracked(|old| {
                old.iter().take(before).rev().find(|old| pages.contains(old)).copied()
            });
            if let Some(page) = earlier.or(pages.first().copied()) {
                self.page.set(page);
            }
        }
        self.pages.set(pages);
    }
}

/// The page that shows a node: itself or the nearest page around it.
pub(super) fn page_of(session: &Session, pages: &[NodeId], node: NodeId) -> Option<NodeId> {
    std::iter::successors(Some(node), |node| session.parent(*node))
        .find(|node| pages.contains(node))
}

fn place_in(pages: &[NodeId], page: NodeId) -> usize {
    pages.iter().position(|other| *other == page).unwrap_or_default()
}
