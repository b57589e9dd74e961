//! How much of the server one person may take, on all their devices together: so that a program that went wild, or somebody who
//! means harm, leaves room for others.
//!
//! A budget is full at first and fills up steadily. What does not fit is not done, and the answer says when it will
//! be. Each is far above what a phone needs that comes back after months; a phone waits and sends the same again.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{InsufficientCapacity, Quota, RateLimiter};

use crate::error::{ApiError, ApiResult};

/// What a person may take: so much at once, and then one more after each `every`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// So much at once.
    pub at_once: NonZeroU32,
    /// How long it takes until there is room for one more. Not zero.
    pub every: Duration,
}

impl Allowance {
    /// So much at once, and one more after each `every`.
    ///
    /// # Panics
    /// When `at_once` or `every` is zero.
    #[must_use]
    pub const fn new(at_once: u32, every: Duration) -> Self {
        assert!(!every.is_zero(), "what never takes time needs no budget");
        let at_once = NonZeroU32::new(at_once).expect("a budget of nothing lets nobody work");
        Self { at_once, every }
    }
}

/// What one person may take of each thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowances {
    /// Requests of any kind.
    pub requests: Allowance,
    /// Operations pushed.
    pub operations: Allowance,
    /// KiB of operations, files and bundles brought, and of files fetched.
    pub kib: Allowance,
    /// What reads a great deal for one answer: exports, all that is held about a person, spreadsheets tried as forms.
    pub reports: Allowance,
}

impl Default for Allowances {
    /// A thousand phones may share an account, each with thirty operations; then a hundred requests, twenty operations and a
    /// MiB a second, and a report every ten seconds.
    fn default() -> Self {
        Self {
            requests: Allowance::new(20_000, Duration::from_millis(10)),
            operations: Allowance::new(100_000, Duration::from_millis(50)),
            kib: Allowance::new(4 * 1024 * 1024, Duration::from_micros(1_000_000 / 1024)),
            reports: Allowance::new(30, Duration::from_secs(10)),
        }
    }
}

/// Something that a person takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    Request,
    Operations(usize),
    Bytes(u64),
    Report,
}

/// What is left for each person, in this process.
#[derive(Debug)]
pub(crate) struct Budgets<C: Clock = MonotonicClock> {
    requests: Budget<C>,
    operations: Budget<C>,
    kib: Budget<C>,
    reports: Budget<C>,
}

impl Budgets {
    pub(crate) fn new(allowances: &Allowances) -> Self {
        Self::by(allowances, &MonotonicClock)
    }
}

impl<C: Clock + Clone> Budgets<C> {
    fn by(allowances: &Allowances, clock: &C) -> Self {
        let Allowances { requests, operations, kib, reports } = *allowances;
        let budget = |allowance| Budget::new(allowance, clock.clone());
        Self {
            requests: budget(requests),
            operations: budget(operations),
            kib: budget(kib),
            reports: budget(reports),
        }
    }

    /// Takes it all, or nothing and says when there is room.
    pub(crate) fn take(&self, account: &str, take: Take) -> ApiResult<()> {
        let count = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let (budget, amount) = match take {
            Take::Request => (&self.requests, 1),
            Take::Operations(operations) => (&self.operations, count(operations as u64)),
            Take::Bytes(bytes) => (&self.kib, count(bytes.div_ceil(1024))),
            Take::Report => (&self.reports, 1),
        };
        budget.take(account, amount).map_err(ApiError::over_budget)
    }

    /// Forgets those whose budgets are full.
    pub(crate) fn forget_the_idle(&self) {
        for budget in [&self.requests, &self.operations, &self.kib, &self.reports] {
            budget.limiter.retain_recent();
            budget.limiter.shrink_to_fit();
        }
    }
}

type Limiter<K, C> = RateLimiter<K, HashMapStateStore<K>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// One of them.
struct Budget<C: Clock> {
    at_once: NonZeroU32,
    limiter: Limiter<String, C>,
    clock: C,
}

impl<C: Clock + Clone> Budget<C> {
    fn new(Allowance { at_once, every }: Allowance, clock: C) -> Self {
        let quota = Quota::with_period(every).expect("an allowance takes time");
        let state = HashMapStateStore::default();
        let limiter = RateLimiter::new(quota.allow_burst(at_once), state, clock.clone());
        Self { at_once, limiter, clock }
    }

    /// `Err` says how many seconds to wait. What is larger than the budget takes all of it.
    fn take(&self, account: &str, amount: u32) -> Result<(), u64> {
        let Some(amount) = NonZeroU32::new(amount) else { return Ok(()) };
        let amount = amount.min(self.at_once);
        let full = match self.limiter.check_key_n(&account.to_owned(), amount) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(full)) => full,
            Err(InsufficientCapacity(_)) => unreachable!("no more is asked for than there can be"),
        };
        let wait = full.wait_time_from(self.clock.now());
        Err(u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1))
    }
}

impl<C: Clock> std::fmt::Debug for Budget<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Budget").field("at_once", &self.at_once).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn budgets(clock: &FakeRelativeClock) -> Budgets<FakeRelativeClock> {
        let operations = Allowance::new(100, Duration::from_secs(2));
        Budgets::by(&Allowances { operations, ..Allowances::default() }, clock)
    }

    fn wait_of(taken: ApiResult<()>) -> Option<u64> {
        let (_, _, wait_s) = taken.expect_err("there is no room").into_parts();
        wait_s
    }

    #[test]
    fn what_does_not_fit_takes_nothing_and_fits_after_the_wait_that_was_told() {
        let clock = FakeRelativeClock::default();
        let budgets = budgets(&clock);
        assert!(budgets.take("lan", Take::Operations(90)).is_ok());
        assert_eq!(wait_of(budgets.take("lan", Take::Operations(30))), Some(40));
        assert!(budgets.take("lan", Take::Operations(10)).is_ok(), "the refused ones took nothing");
        assert!(budgets.take("minh", Take::Operations(100)).is_ok(), "it is another person's");
        clock.advance(Duration::from_secs(59));
        assert_eq!(wait_of(budgets.take("lan", Take::Operations(30))), Some(1));
        clock.advance(Duration::from_secs(1));
        assert!(budgets.take("lan", Take::Operations(30)).is_ok());
    }

    #[test]
    fn what_is_larger_than_the_whole_budget_comes_through_when_that_is_full() {
        let clock = FakeRelativeClock::default();
        let budgets = budgets(&clock);
        assert!(budgets.take("lan", Take::Operations(1_000)).is_ok());
        assert_eq!(wait_of(budgets.take("lan", Take::Operations(1_000))), Some(200));
        clock.advance(Duration::from_secs(200));
        budgets.forget_the_idle();
        assert!(budgets.take("lan", Take::Operations(1_000)).is_ok());
    }

    /// The largest things that people do, each in one moment.
    #[test]
    fn nobodys_work_meets_a_limit() {
        let budgets = Budgets::by(&Allowances::default(), &FakeRelativeClock::default());
        let all = |times: usize, takes: &[Take]| {
            (0..times).all(|_| takes.iter().all(|take| budgets.take("lan", *take).is_ok()))
        };
        // A thousand phones of one account come back: a sign-in, a push of 30 operations, pulls.
        let push = [Take::Request, Take::Operations(30), Take::Bytes(20_000)];
        assert!(all(1_000, &push) && all(5_000, &[Take::Request]));
        // A first pull of 100,000 records, a hundred in a page at worst, and the forms with their files.
        assert!(
            all(1_000, &[Take::Request]) && all(1_000, &[Take::Request, Take::Bytes(256 * 1024)])
        );
        // A day: 200 photos in chunks, 300 operations a few at a time, a spreadsheet now and then.
        assert!(
            all(200, &[Take::Request; 2]) && all(400, &[Take::Request, Take::Bytes(256 * 1024)])
        );
        assert!(all(300, &push) && all(20, &[Take::Request, Take::Report]));
    }
}
