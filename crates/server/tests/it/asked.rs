//! What databases are asked.

use std::sync::{Mutex, Once};

use tracing::{Event, Instrument, Level, Subscriber, info_span};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

/// Whose statements are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Those of the work itself.
    Own,
    /// All of this process: what others do for the work too, and for other tests.
    All,
}

/// The texts by which statements are known that somebody counts.
pub const ERASED_OF: &str = "FROM erased WHERE";
pub const LEFT: &str = "FROM visible_trace";
pub const LOGGED: &str = "FROM operation";

const SPAN: &str = "counted";

/// Of each of those which it is, and whether the work of a test asked it itself.
static ASKED: Mutex<Vec<(&'static str, bool)>> = Mutex::new(Vec::new());

struct Counting;

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Counting {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut said = String::new();
        event.record(&mut |_: &_, value: &dyn std::fmt::Debug| said += &format!("{value:?}"));
        let mut around = context.event_scope(event).into_iter().flatten();
        let is_own = around.any(|span| span.name() == SPAN);
        if let Some(text) = [ERASED_OF, LEFT, LOGGED].into_iter().find(|text| said.contains(text)) {
            ASKED.lock().unwrap().push((text, is_own));
        }
    }
}

/// How many statements of that text it takes.
pub async fn asked<T>(text: &str, whose: Whose, work: impl Future<Output = T>) -> usize {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let heard = Targets::new()
            .with_target("sqlx::query", Level::DEBUG)
            .with_target(module_path!(), Level::INFO);
        let subscriber = Registry::default().with(Counting.with_filter(heard));
        tracing::subscriber::set_global_default(subscriber).expect("no other test sets one");
    });
    let before = ASKED.lock().unwrap().len();
    work.instrument(info_span!("counted")).await;
    let asked = ASKED.lock().unwrap();
    let counts =
        |(known, is_own): &&(&str, bool)| *known == text && (*is_own || whose == Whose::All);
    asked[before..].iter().filter(counts).count()
}
