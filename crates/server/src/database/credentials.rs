//! Tries to sign in that failed.

use serde_json::Value as Json;

use super::audit::{Event, note};
use super::{Answer, Database};
use crate::audit::Action;

impl Database {
    /// Writes down that somebody tried to sign in and was not let in. `account`: the name and unit of whom they said to be,
    /// if there is such a person.
    pub async fn note_failed_sign_in(
        &self,
        account: Option<(&str, &str)>,
        detail: Json,
        now_ms: i64,
    ) -> Answer<()> {
        let mut tx = self.begin_write().await?;
        let (object, unit) = (account.map_or("", |(name, _)| name), account.map(|(_, unit)| unit));
        let action = Action::SignInFailed;
        note(&mut tx, Event { actor: None, action, object, unit, detail }, now_ms).await?;
        tx.commit().await?;
        Ok(())
    }
}
