//! Copies for the day on which somebody tries PINs: whenever the phone locks or goes from its person's sight, what is unsent is
//! sealed to the organisation and put outside the PIN. Only where the organisation wants phones emptied.

use leptos::prelude::*;
use sync::{
    bundle::{Kind, MAX_BYTES},
    wire::Hash,
};

use super::{Carry, CarryError, kept::PIECE};
use crate::platform::{
    files::File,
    hand_out, locks, log_error,
    storage::{
        self, Change, Storage, Store,
        schema::{CHUNK_SIZE_BYTES, CopyRow, Key},
    },
    tasks, visibility,
};
use crate::reactive::effect;
use crate::stores::{Door, Library, SyncStatus, sync_status::Phase};

/// While a person works on, a copy is begun anew so often.
const TURNS: u32 = 3;

impl Carry {
    /// Keeps the copy what it has to be, for as long as the page lives. Once in its life.
    pub fn keep_copied(self, door: Door, library: Library, status: SyncStatus) {
        door.before_leaving(move || Box::pin(self.copy_or_log(door)));
        let pack = library.pack();
        effect(move || {
            let pack = pack.read();
            // Before the first pack came, nothing is known of what the organisation wants.
            if !pack.hash.is_empty() {
                let wipe_after = pack.wipe_after;
                tasks::spawn(async move {
                    if let Err(error) = door.set_wipe_after(wipe_after).await {
                        log_error(&format!("when to empty the phone was not noted: {error}"));
                    }
                });
            }
        });
        visibility::on_change(move |visible| {
            if !visible {
                tasks::spawn(self.copy_or_log(door));
            }
        });
        // What is sent out of sight makes the copy a stale one.
        let standing = status.standing();
        effect(move || {
            if standing.read().phase == Phase::Idle && !visibility::is_visible() {
                tasks::spawn(self.copy_or_log(door));
            }
        });
    }

    async fn copy_or_log(self, door: Door) {
        if let Err(error) = self.copy(door).await {
            log_error(&format!("no copy outside the PIN: {error}"));
        }
    }

    async fn copy(self, door: Door) -> Result<(), CarryError> {
        let Some(here) = door.inside().get_untracked() else { return Ok(()) };
        let (phone, id) = (door.phone()?, here.id);
        let row = door.person(&id).await?.row;
        if row.pin.is_none() || row.wipe_after.is_none() {
            return match row.copies {
                Some(_) => Ok(phone.drop_copies(&id).await?),
                None => Ok(()),
            };
        }
        // Of two tabs the other one finds it done.
        let _lock = locks::take(&format!("sotay.copy {id}")).await;
        // What another phone's rescue file brought is in no copy before sync has taken it over.
        if Self::has_rescued(&self.storage()).await? {
            return Ok(());
        }
        self.seal_drafts(Kind::Carry).await?;
        for _ in 0..TURNS {
            let rows = phone.trace(&id).await?;
            let held = door.person(&id).await?.row;
            // What the server took leaves the rows as they are.
            let (unsent, files) = self.records.unsent(self.records.device().acked).await?;
            let wants_bundle = unsent.operations > 0 || !files.is_empty();
            let is_such =
                |copy: &CopyRow| copy.rows == Some(rows) && copy.bundle.is_some() == wants_bundle;
            // The last room is for answers. And what lacks something lacks it still, as long as nothing was written.
            if self.uncopied.get_value() == Some(rows)
                || held.copy().is_some_and(is_such)
                || storage::space().await.is_low()
            {
                return Ok(());
            }
            let bundle = match self.pack(Kind::Carry, MAX_BYTES).await {
                Ok(made) => {
                    let left_out = made.left_out + made.without_room + made.too_long;
                    let Some((file, hash)) = all_of(&made.bundles, left_out) else {
                        // The copy of before is stale, so the store is kept.
                        self.uncopied.set_value(Some(rows));
                        return Ok(());
                    };
                    phone.begin_copy(&id, *hash, hand_out::size(file)).await?;
                    write_pieces(&self.shelf.get_value(), *hash, file).await?;
                    Some(*hash)
                }
                Err(CarryError::Nothing) => None,
                Err(error) => return Err(error),
            };
            // What came amid the making may not be in it.
            if phone.trace(&id).await? == rows {
                return Ok(phone.finish_copy(&id, bundle, rows).await?);
            }
        }
        Ok(())
    }
}

/// The bundle that stands for the whole store, which goes once the server has it: it is the only one, and nothing is left out.
const fn all_of<T>(bundles: &[T], left_out: usize) -> Option<&T> {
    match bundles {
        [all] if left_out == 0 => Some(all),
        _ => None,
    }
}

/// Writes a file in pieces; the last is on the disk when this returns.
pub(super) async fn write_pieces(
    shelf: &Storage,
    hash: Hash,
    file: &File,
) -> Result<(), CarryError> {
    let size = hand_out::size(file);
    for (place, start) in (0..).zip((0..size).step_by(CHUNK_SIZE_BYTES)) {
        let piece = hand_out::slice(file, start, size.min(start + PIECE)).await?;
        let key = Key::Piece(hash.0.to_vec(), place);
        shelf.write(vec![Change::Put(Store::CarriedPieces, key, piece)]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lacks_a_file_stands_for_no_store() {
        assert_eq!(all_of(&["all"], 0), Some(&"all"));
        assert_eq!(all_of(&["all but a photo"], 1), None);
        assert_eq!(all_of(&["answers", "more photos"], 0), None);
        assert_eq!(all_of::<&str>(&[], 0), None);
    }
}
