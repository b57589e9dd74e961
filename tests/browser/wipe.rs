//! Wrong PINs that empty the phone: on real `IndexedDB`, with a server that is a set of answers.

use std::{cell::RefCell, collections::BTreeSet};

use sotay::{
    platform::{
        locks,
        storage::{
            Change, Key, Person, Phone, Storage, Store,
            schema::{Label, PersonRow, meta},
        },
    },
    stores::wipe::{Brought, Outcome, settle_with},
};
use sync::{
    codec,
    device::Former,
    wire::{DeviceId, Hash, SealedOperation},
};
use wasm_bindgen_test::{console_log, wasm_bindgen_test};

use crate::{put, raw};

const LIMIT: u32 = 5;

/// What reached the server, and whether it can be reached.
#[derive(Default)]
struct Server {
    answers: RefCell<BTreeSet<u64>>,
    is_away: RefCell<bool>,
    refuses: RefCell<bool>,
}

impl Server {
    /// Takes a copy: here its bytes are the answers themselves.
    async fn take(&self, shelf: &Storage, bundle: Hash, size: u64) -> Brought {
        if *self.is_away.borrow() {
            return Brought::Failed;
        }
        if *self.refuses.borrow() {
            return Brought::Refused("altered".to_owned());
        }
        let piece = shelf.row(Store::CarriedPieces, Key::Piece(bundle.0.to_vec(), 0)).await;
        let bytes = piece.expect("read").expect("a copy that is brought is whole");
        assert_eq!(bytes.len() as u64, size);
        assert_eq!(codec::hash(&bytes), bundle);
        self.answers.borrow_mut().extend(codec::decode::<Vec<u64>>(&bytes).expect("answers"));
        Brought::Taken(7)
    }
}

/// Somebody with a store, and what they entered.
struct User {
    phone: Phone,
    id: String,
    storage: Storage,
    entered: BTreeSet<u64>,
    /// Of these the server has said that it holds them.
    acked: BTreeSet<u64>,
}

impl User {
    async fn new(phone: &Phone, account: &str) -> Self {
        let label = Label {
            account: account.to_owned(),
            name: account.to_owned(),
            device: DeviceId([3; 16]),
        };
        let person = phone.add(label, Vec::new()).await.expect("added");
        phone.change(&person.id, |row| row.wipe_after = Some(LIMIT)).await.expect("written");
        let storage = phone.enter(&person).await.expect("let in");
        let (phone, id) = (phone.clone(), person.id);
        Self { phone, id, storage, entered: BTreeSet::new(), acked: BTreeSet::new() }
    }

    async fn person(&self) -> Option<Person> {
        self.phone.people().await.expect("read").into_iter().find(|person| person.id == self.id)
    }

    async fn enter(&mut self, answer: u64) {
        let change =
            put(Store::Open, Key::Bytes(answer.to_be_bytes().to_vec()), &codec::encode(&answer));
        self.storage.write(vec![change]).await.expect("written");
        self.entered.insert(answer);
    }

    /// All that is open becomes operations.
    async fn seal(&self) {
        let mut changes = vec![Change::Clear(Store::Open)];
        for (_, row) in self.storage.all(Store::Open).await.expect("read") {
            let answer: u64 = codec::decode(&row).expect("an answer");
            changes.push(put(Store::Outbox, answer, &row));
        }
        self.storage.write(changes).await.expect("written");
    }

    /// Sync sends all and notes it.
    async fn send(&mut self, server: &Server) {
        self.seal().await;
        let rows = self.storage.all(Store::Outbox).await.expect("read");
        server.answers.borrow_mut().extend(&self.entered);
        self.acked.clone_from(&self.entered);
        let noted = rows.into_iter().map(|(key, row)| Change::Put(Store::Outbox, key, row));
        self.storage.write(noted.collect()).await.expect("written");
    }

    /// As the app does when it locks; `None`: the phone dies when so much of it is done.
    async fn copy(&self, dies: bool) {
        self.seal().await;
        let rows = self.phone.trace(&self.id).await.expect("read");
        let unsent: Vec<u64> = self.entered.difference(&self.acked).copied().collect();
        let bytes = codec::encode(&unsent);
        let bundle = (!unsent.is_empty()).then(|| codec::hash(&bytes));
        if let Some(hash) = bundle {
            let size = bytes.len() as u64;
            self.phone.begin_copy(&self.id, hash, size).await.expect("written");
            if dies {
                return;
            }
            let key = Key::Piece(hash.0.to_vec(), 0);
            let change = Change::Put(Store::CarriedPieces, key, bytes);
            self.phone.shelf().write(vec![change]).await.expect("written");
        }
        if !dies {
            self.phone.finish_copy(&self.id, bundle, rows).await.expect("written");
        }
    }

    async fn set_wrong(&self, edit: impl Fn(u32) -> u32 + 'static) {
        self.phone
            .change(&self.id, move |row| row.wrong_pins = edit(row.wrong_pins))
            .await
            .expect("written");
    }

    async fn settle(&self, server: &Server) -> Outcome {
        let shelf = self.phone.shelf();
        let bring = async |bundle, size| server.take(&shelf, bundle, size).await;
        settle_with(&self.phone, &self.id, bring).await.expect("settled")
    }

    async fn wrong(&self, server: &Server) -> Outcome {
        self.set_wrong(|wrong| wrong + 1).await;
        self.settle(server).await
    }

    /// Everything that was ever entered is here.
    async fn is_whole(&self) -> bool {
        let mut found = BTreeSet::new();
        for store in [Store::Open, Store::Outbox] {
            let rows = self.storage.all(store).await.expect("opened");
            found.extend(rows.iter().map(|(_, row)| codec::decode::<u64>(row).expect("an answer")));
        }
        found == self.entered
    }

    /// Nothing of them is on the phone: no row, no key, no store, no copy.
    async fn is_gone(&self) -> bool {
        let pieces = self.phone.shelf().all(Store::CarriedPieces).await.expect("read");
        raw::until_only(self.storage.name(), &[]).await;
        self.person().await.is_none() && pieces.is_empty()
    }
}

#[wasm_bindgen_test]
async fn unsent_work_is_first_at_the_server_and_then_the_store_goes() {
    let phone = Phone::open_named("wipe first").await.expect("stored");
    let (mut an, mut ba, server) =
        (User::new(&phone, "an").await, User::new(&phone, "ba").await, Server::default());
    an.enter(1).await;
    ba.enter(2).await;
    an.copy(false).await;
    an.storage.close();
    *server.is_away.borrow_mut() = true;
    for left in (1..LIMIT).rev() {
        assert_eq!(an.wrong(&server).await, Outcome::Waits(Some(left)));
    }
    assert_eq!(an.wrong(&server).await, Outcome::NotBrought);
    assert_eq!(an.wrong(&server).await, Outcome::NotBrought);
    assert!(an.is_whole().await);
    an.storage.close();
    *server.is_away.borrow_mut() = false;
    assert_eq!(an.settle(&server).await, Outcome::Wiped);
    assert_eq!(*server.answers.borrow(), an.entered);
    assert!(an.is_gone().await);
    assert_eq!(an.settle(&server).await, Outcome::Wiped, "once more changes nothing");
    assert!(ba.is_whole().await, "whoever else uses the phone keeps theirs");
}

#[wasm_bindgen_test]
async fn one_answer_after_the_copy_and_the_phone_keeps_everything() {
    let phone = Phone::open_named("wipe stale").await.expect("stored");
    let (mut an, server) = (User::new(&phone, "an").await, Server::default());
    an.enter(1).await;
    an.copy(false).await;
    an.enter(2).await;
    an.set_wrong(|_| LIMIT).await;
    for _ in 0..3 {
        assert_eq!(an.wrong(&server).await, Outcome::Keeps);
        assert!(an.is_whole().await);
    }
    assert!(server.answers.borrow().is_empty(), "what would not empty the phone is not brought");
    // The same answer entered anew is another write, and so is one that was sent since.
    an.copy(false).await;
    an.enter(2).await;
    assert_eq!(an.settle(&server).await, Outcome::Keeps);
    an.send(&server).await;
    assert_eq!(an.settle(&server).await, Outcome::Keeps);
    an.copy(false).await;
    assert_eq!(an.settle(&server).await, Outcome::Wiped);
    assert!(an.is_gone().await);
}

/// Sync takes it over, and its row is empty again: what is left of it is in none that the trace is of.
#[wasm_bindgen_test]
async fn a_copy_from_before_a_rescue_file_was_taken_over_empties_nothing() {
    let phone = Phone::open_named("wipe rescued").await.expect("stored");
    let (mut an, server) = (User::new(&phone, "an").await, Server::default());
    an.enter(1).await;
    let rescued = async |rows: &Vec<Former>| {
        let row = put(Store::Meta, meta::RESCUED, &codec::encode(rows));
        an.storage.write(vec![row]).await.expect("written");
    };
    let operations = vec![SealedOperation { seq: 1, bytes: vec![1] }];
    let came = vec![Former { device: DeviceId([4; 16]), acked: 0, operations }];
    an.copy(false).await;
    rescued(&came).await;
    rescued(&Vec::new()).await;
    an.set_wrong(|_| LIMIT).await;
    assert_eq!(an.settle(&server).await, Outcome::Keeps);
    // The same again on a phone that had one before.
    an.copy(false).await;
    rescued(&came).await;
    rescued(&Vec::new()).await;
    assert_eq!(an.settle(&server).await, Outcome::Keeps);
    assert!(an.is_whole().await);
}

#[wasm_bindgen_test]
async fn without_a_copy_or_with_one_that_the_server_refuses_nothing_goes() {
    let phone = Phone::open_named("wipe refused").await.expect("stored");
    let (mut an, server) = (User::new(&phone, "an").await, Server::default());
    an.enter(1).await;
    an.set_wrong(|_| LIMIT).await;
    assert_eq!(an.settle(&server).await, Outcome::Keeps, "none was ever made");
    an.copy(true).await;
    assert_eq!(an.settle(&server).await, Outcome::Keeps, "the phone died in making it");
    an.copy(false).await;
    *server.refuses.borrow_mut() = true;
    assert_eq!(an.settle(&server).await, Outcome::Keeps);
    *server.refuses.borrow_mut() = false;
    assert_eq!(an.settle(&server).await, Outcome::Keeps, "what was refused is not asked for ever");
    assert!(an.is_whole().await);
    // The next lock makes another copy, and what lies of the others goes.
    an.copy(false).await;
    assert_eq!(phone.shelf().all(Store::CarriedPieces).await.expect("read").len(), 1);
    an.set_wrong(|_| 0).await;
    phone.change(&an.id, |row| row.wipe_after = None).await.expect("written");
    an.set_wrong(|_| 1_000).await;
    assert_eq!(an.settle(&server).await, Outcome::Waits(None), "nobody wants it any more");
    phone.drop_copies(&an.id).await.expect("written");
    assert!(phone.shelf().all(Store::CarriedPieces).await.expect("read").is_empty());
}

#[wasm_bindgen_test]
async fn beside_a_store_of_a_forgotten_pin_only_what_the_server_has_goes_and_where_that_is_wanted()
{
    let phone = Phone::open_named("wipe aside").await.expect("stored");
    let (mut an, server) = (User::new(&phone, "an").await, Server::default());
    an.enter(1).await;
    let set_aside = |row: &mut PersonRow| (row.aside, row.wipe_after) = (Some(true), None);
    phone.change(&an.id, set_aside).await.expect("written");
    assert_eq!(an.settle(&server).await, Outcome::Waits(None), "it waits for its PIN");
    phone.change(&an.id, |row| row.wipe_after = Some(LIMIT)).await.expect("written");
    assert_eq!(an.settle(&server).await, Outcome::Keeps, "no copy was ever made");
    assert!(an.is_whole().await);
    an.copy(false).await;
    assert_eq!(an.settle(&server).await, Outcome::Wiped);
    assert_eq!(*server.answers.borrow(), an.entered);
    assert!(an.is_gone().await);
}

/// The bytes of each bundle may be many: a phone on which each copy is cut short holds those of one at most.
#[wasm_bindgen_test]
async fn a_copy_that_was_cut_short_makes_room_for_the_next_and_the_whole_one_stays() {
    let phone = Phone::open_named("wipe half").await.expect("stored");
    let (mut an, server) = (User::new(&phone, "an").await, Server::default());
    an.enter(1).await;
    an.copy(false).await;
    for byte in [1, 2, 3] {
        let hash = Hash([byte; 32]);
        phone.begin_copy(&an.id, hash, 1).await.expect("written");
        let piece = Change::Put(Store::CarriedPieces, Key::Piece(hash.0.to_vec(), 0), vec![byte]);
        phone.shelf().write(vec![piece]).await.expect("written");
        let held = phone.shelf().all(Store::CarriedPieces).await.expect("read");
        assert_eq!(held.len(), 2, "the whole one and the last of the others");
    }
    an.set_wrong(|_| LIMIT).await;
    assert_eq!(an.settle(&server).await, Outcome::Wiped);
    assert!(an.is_gone().await);
}

#[wasm_bindgen_test]
async fn while_somebody_is_in_on_another_tab_nothing_goes_and_what_they_enter_counts() {
    let phone = Phone::open_named("wipe tabs").await.expect("stored");
    let (mut an, server) = (User::new(&phone, "an").await, Server::default());
    an.enter(1).await;
    an.copy(false).await;
    an.set_wrong(|_| LIMIT).await;
    let inside = locks::take(&an.storage.lock()).await;
    let (other, id) = (phone.clone(), an.id.clone());
    let trying = async {
        let shelf = other.shelf();
        let bring = async |bundle, size| server.take(&shelf, bundle, size).await;
        settle_with(&other, &id, bring).await.expect("settled")
    };
    let working = async {
        an.enter(2).await;
        drop(inside);
    };
    let (outcome, ()) = futures::join!(trying, working);
    assert_eq!(outcome, Outcome::Keeps);
    assert!(an.is_whole().await);
    // Or they came in by the right PIN meanwhile.
    an.copy(false).await;
    let inside = locks::take(&an.storage.lock()).await;
    let trying = an.settle(&server);
    let coming_in = async {
        an.set_wrong(|_| 0).await;
        drop(inside);
    };
    let (outcome, ()) = futures::join!(trying, coming_in);
    assert_eq!(outcome, Outcome::Waits(Some(LIMIT)));
    assert!(an.is_whole().await);
}

/// A tab that the system stopped, and whose lock was taken away, wakes in the last moment: it knows nothing of all this.
#[wasm_bindgen_test]
async fn what_a_tab_writes_between_the_last_look_and_the_end_keeps_the_store() {
    let phone = Phone::open_named("wipe late").await.expect("stored");
    let (mut an, server) = (User::new(&phone, "an").await, Server::default());
    an.enter(1).await;
    an.send(&server).await;
    an.copy(false).await;
    an.set_wrong(|_| LIMIT).await;
    let (person, rows) =
        (an.person().await.expect("here"), phone.trace(&an.id).await.expect("read"));
    an.enter(2).await;
    assert_eq!(phone.wipe(&person, rows).await, Ok(false));
    assert!(an.is_whole().await);
    assert_eq!(an.settle(&server).await, Outcome::Keeps);
    an.set_wrong(|_| 0).await;
    let person = an.person().await.expect("here");
    let again = phone.enter(&person).await.expect("let in");
    assert_eq!(again.all(Store::Open).await.expect("opened").len(), 1);
    again.close();
    an.copy(false).await;
    an.set_wrong(|_| LIMIT).await;
    assert_eq!(an.settle(&server).await, Outcome::Wiped);
    assert!(an.is_gone().await);
    assert!(an.entered.is_subset(&server.answers.borrow()));
}

pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Anything in any order: a store that is gone has left all of it at the server; one that is not has all of it.
#[wasm_bindgen_test]
async fn whatever_happens_nothing_is_lost() {
    const SEEDS: u64 = 40;
    const STEPS: u32 = 40;
    let mut met = [0_u32; 5];
    for seed in 1..=SEEDS {
        console_log!("seed {seed}");
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let phone = Phone::open_named(&format!("wipe campaign {seed}")).await.expect("stored");
        let server = Server::default();
        let mut users = vec![User::new(&phone, "an").await, User::new(&phone, "ba").await];
        let mut answer = 0;
        for _ in 0..STEPS {
            if users.is_empty() {
                break;
            }
            let at = random.below(users.len() as u64) as usize;
            let user = &mut users[at];
            let mut outcome = None;
            match random.below(14) {
                0 | 1 => {
                    answer += 1;
                    user.enter(answer).await;
                }
                2 => user.seal().await,
                3..=5 => user.copy(false).await,
                6 => user.copy(true).await,
                7 => user.set_wrong(|_| 0).await,
                8 if !*server.is_away.borrow() => user.send(&server).await,
                8 | 9 => {
                    let is_away = !*server.is_away.borrow();
                    *server.is_away.borrow_mut() = is_away;
                }
                10 => *server.refuses.borrow_mut() = random.below(8) == 0,
                _ => {
                    user.set_wrong(|wrong| wrong + 2).await;
                    outcome = Some(user.settle(&server).await);
                }
            }
            user.storage.close();
            match outcome {
                Some(Outcome::Wiped) => {
                    met[if user.acked == user.entered { 0 } else { 1 }] += 1;
                    assert!(user.entered.is_subset(&server.answers.borrow()), "seed {seed}: lost");
                    assert!(user.person().await.is_none(), "seed {seed}");
                    raw::until_only(user.storage.name(), &[]).await;
                    users.remove(at);
                }
                Some(Outcome::Keeps) => met[2] += 1,
                Some(Outcome::NotBrought) => met[3] += 1,
                Some(Outcome::Waits(_)) => met[4] += 1,
                None => {}
            }
            for user in &users {
                assert!(user.is_whole().await, "seed {seed}: something is missing");
                user.storage.close();
            }
        }
    }
    console_log!(
        "gone with nothing unsent, gone after it was brought, kept, not brought, waited: {met:?}"
    );
    assert!(met.iter().all(|count| *count >= 5), "not everything was met: {met:?}");
}
