//! Which day it is on the person's clock: what is told as of today is told anew when that is another.

use form::LocalTime;
use leptos::prelude::*;

use crate::platform::{clock, tasks, visibility};

const DAY_MS: i64 = 86_400_000;

/// The day: a phone sleeps and wakes on the same screen.
#[derive(Clone, Copy)]
pub struct Day(RwSignal<i64>);

impl Day {
    /// Follows the clock from now on. Once in the life of the page.
    #[must_use]
    pub fn watch() -> Self {
        let day = Self(RwSignal::new(day_and_rest_ms(clock::local_now()).0));
        visibility::on_change(move |is_in_front| {
            if is_in_front {
                day.look();
            }
        });
        day.wait();
        day
    }

    fn look(self) {
        let (now, _) = day_and_rest_ms(clock::local_now());
        if self.0.try_get_untracked().is_some_and(|day| day != now) {
            self.0.set(now);
        }
    }

    /// Whoever looks at the app at midnight sees it become another day.
    fn wait(self) {
        let (_, rest_ms) = day_and_rest_ms(clock::local_now());
        // It always fires: it is followed as long as the page lives.
        drop(tasks::after(rest_ms, move || {
            self.look();
            self.wait();
        }));
    }
}

/// Now, for what is told of it: told anew on another day.
#[must_use]
pub fn now() -> LocalTime {
    if let Some(Day(day)) = use_context::<Day>() {
        day.track();
    }
    clock::local_now()
}

/// The day by number, and how long it lasts yet.
fn day_and_rest_ms(now: LocalTime) -> (i64, u32) {
    let local_ms = now.unix_ms + i64::from(now.offset_min) * 60_000;
    let rest_ms = DAY_MS - local_ms.rem_euclid(DAY_MS);
    (local_ms.div_euclid(DAY_MS), u32::try_from(rest_ms).expect("at most a day"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_of_the_place() {
        // 2026-11-23 23:59 in Hanoi.
        let before = 1_795_453_140_000;
        for (later_ms, days_later, rest_ms) in
            [(0, 0, 60_000), (59_999, 0, 1), (60_000, 1, 86_400_000), (120_000, 1, 86_340_000)]
        {
            let at = |unix_ms| day_and_rest_ms(LocalTime { unix_ms, offset_min: 420 });
            let (day, rest) = at(before + later_ms);
            assert_eq!((day - at(before).0, rest), (days_later, rest_ms), "{later_ms}");
        }
    }

    #[test]
    fn what_is_told_of_today_is_told_anew_on_another_day() {
        Owner::new().with(|| {
            let day = Day(RwSignal::new(0));
            provide_context(day);
            let told = Memo::new(move |before: Option<&u32>| {
                let LocalTime { .. } = now();
                before.copied().unwrap_or_default() + 1
            });
            assert_eq!(told.get_untracked(), 1);
            day.look();
            assert_eq!(told.get_untracked(), 2);
            day.look();
            assert_eq!(told.get_untracked(), 2, "the same day still");
        });
    }
}
