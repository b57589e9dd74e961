//! Who is let in: the people of this phone, each with a store of their own, and locking up behind them.

mod locking;

use std::rc::Rc;

use futures::future::{LocalBoxFuture, try_join};
use leptos::prelude::*;
use serde::Serialize;
use sync::{device::DeviceState, wire::DeviceId};
use thiserror::Error;

use super::{
    OpenForms, SignIn,
    outbox::put_device,
    pin::{self, BadPin, NoKey},
    sign_in::{Profile, SignInError, put_profile},
};
use crate::platform::{
    broadcast::Channel,
    clock, document,
    http::{HttpError, Method, Request, Response},
    json, log_error,
    passkeys::{Assertion, MadeKey},
    random,
    storage::{
        Person, Phone, Storage, StorageError,
        schema::{Label, PersonRow, PinRow},
    },
    tasks,
};

/// What lets a person in.
#[derive(Clone, Copy, Serialize)]
#[serde(untagged)]
pub enum Key<'a> {
    /// What the person knows.
    Password {
        /// The account's name.
        name: &'a str,
        /// Its password.
        password: &'a str,
    },
    /// What a coordinator made for the person; good once.
    Code {
        /// The code as it was read out or stood in the link.
        code: &'a str,
    },
    /// What the person has, which their authenticator signed with; good once.
    Passkey {
        /// What it signed.
        passkey: &'a Assertion,
    },
    /// What a coordinator made, and the passkey that the person made then.
    NewPasskey {
        /// The code; good once.
        code: &'a str,
        /// The passkey.
        new_passkey: &'a MadeKey,
    },
}

#[derive(Serialize)]
struct Credentials<'a> {
    #[serde(flatten)]
    key: Key<'a>,
    /// Whose device it is: a code of anybody else is not used up with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<&'a str>,
    device: String,
    device_name: String,
}

/// Why a PIN did not open, or was not set.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PinError {
    /// Another one.
    #[error("wrong PIN")]
    Wrong,
    /// So many were wrong that the next waits, in milliseconds.
    #[error("to wait {0} ms")]
    Wait(i64),
    /// It is not one that a person may choose.
    #[error(transparent)]
    Bad(#[from] BadPin),
    /// The phone cannot work with it.
    #[error(transparent)]
    NoKey(#[from] NoKey),
    /// The phone's storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Draws the app of a person who was let in.
type Enter = Rc<dyn Fn(Storage)>;
/// What is done before somebody leaves.
type Before = Rc<dyn Fn() -> LocalBoxFuture<'static, ()>>;

/// The way into the app.
#[derive(Clone, Copy)]
pub struct Door {
    phone: StoredValue<Option<Phone>, LocalStorage>,
    enter: StoredValue<Enter, LocalStorage>,
    people: RwSignal<Vec<Person>>,
    /// Whose PIN is asked for.
    asked: RwSignal<Option<Person>>,
    inside: RwSignal<Option<Person>>,
    /// Whose store is opened at the start.
    current: StoredValue<Option<String>>,
    /// What the server said of somebody who still has to enter their PIN.
    fresh: StoredValue<Option<Profile>>,
    /// Whose PIN was forgotten, as they say.
    forgotten: StoredValue<Option<String>>,
    /// When the last PIN was tried, by [`clock::open_ms`].
    tried_ms: StoredValue<i64>,
    others: StoredValue<Channel, LocalStorage>,
    /// It was left alone for too long, and waits for what another app brings.
    is_locking: StoredValue<bool>,
    before: StoredValue<Option<Before>, LocalStorage>,
}

impl Door {
    /// The way in, which leads nowhere yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            phone: StoredValue::new_local(None),
            enter: StoredValue::new_local(Rc::new(drop)),
            people: RwSignal::new(Vec::new()),
            asked: RwSignal::new(None),
            inside: RwSignal::new(None),
            current: StoredValue::new(None),
            fresh: StoredValue::new(None),
            forgotten: StoredValue::new(None),
            tried_ms: StoredValue::new(0),
            others: StoredValue::new_local(Channel::closed()),
            is_locking: StoredValue::new(false),
            before: StoredValue::new_local(None),
        }
    }

    /// Where the way in leads.
    pub fn on_enter(self, enter: impl Fn(Storage) + 'static) {
        self.enter.set_value(Rc::new(enter));
    }

    /// What is done whenever the phone locks or somebody else takes it. A part of the app that came later says it.
    pub fn before_leaving(self, before: impl Fn() -> LocalBoxFuture<'static, ()> + 'static) {
        self.before.set_value(Some(Rc::new(before)));
    }

    /// Opens the phone, and lets the person in who used it last and has no PIN. Whether somebody was let in.
    pub async fn open(self) -> Result<bool, StorageError> {
        let phone = Phone::open().await?;
        self.phone.set_value(Some(phone.clone()));
        let (people, current) = try_join(self.look(), phone.current()).await?;
        self.current.set_value(current.clone());
        let current = people.into_iter().find(|person| Some(&person.id) == current.as_ref());
        let Some(person) = current else { return Ok(false) };
        let is_shut = person.row.is_shut();
        self.let_in(person).await?;
        Ok(!is_shut)
    }

    /// Who uses this phone.
    #[must_use]
    pub fn people(self) -> Signal<Vec<Person>> {
        self.people.into()
    }

    /// Whose PIN is asked for.
    #[must_use]
    pub fn asked(self) -> Signal<Option<Person>> {
        self.asked.into()
    }

    /// Asks nobody for a PIN: somebody else takes the phone.
    pub fn ask_nobody(self) {
        self.forgotten.set_value(None);
        self.asked.set(None);
    }

    /// Whose PIN is asked for does not know it any more: if they sign in they begin anew, beside the store that it opens.
    pub fn forget_pin(self) {
        self.forgotten.set_value(self.asked.get_untracked().map(|asked| asked.id));
        self.asked.set(None);
    }

    /// Who is in.
    #[must_use]
    pub fn inside(self) -> Signal<Option<Person>> {
        self.inside.into()
    }

    /// Lets a person in, or asks for their PIN. While somebody is in, the page starts anew: nothing of theirs stays in
    /// memory.
    pub async fn choose(
        self,
        person: Person,
        forms: Option<OpenForms>,
    ) -> Result<(), StorageError> {
        let Some(forms) = forms else {
            // They were listed some time ago: another tab may have set a PIN since, or removed them.
            let person = self.person(&person.id).await?;
            return self.let_in(person).await;
        };
        self.make_way(forms, Some(&person.id), false).await
    }

    async fn let_in(self, person: Person) -> Result<(), StorageError> {
        // Whoever chooses a store has remembered its PIN, or means another one.
        self.forgotten.set_value(None);
        if person.row.is_shut() {
            self.asked.set(Some(person));
            return Ok(());
        }
        let storage = self.phone()?.enter(&person).await?;
        self.let_inside(person, storage).await
    }

    async fn let_inside(self, person: Person, storage: Storage) -> Result<(), StorageError> {
        let fresh = self.fresh.try_update_value(Option::take).flatten();
        if let Some(profile) = fresh.filter(|profile| profile.account == person.label.account) {
            storage.write(vec![put_profile(&profile)]).await?;
        }
        if self.current.get_value().as_ref() != Some(&person.id) {
            self.phone()?.set_current(Some(&person.id)).await?;
        }
        self.asked.set(None);
        self.inside.set(Some(person));
        self.enter.get_value()(storage);
        Ok(())
    }

    /// What the phone keeps for whoever uses it.
    pub fn shelf(self) -> Result<Storage, StorageError> {
        Ok(self.phone()?.shelf())
    }

    /// The phone's own store.
    pub(super) fn phone(self) -> Result<Phone, StorageError> {
        self.phone.get_value().ok_or(StorageError::Closed)
    }

    /// Reads anew who uses this phone.
    pub(super) async fn look(self) -> Result<Vec<Person>, StorageError> {
        let people = self.phone()?.people().await?;
        self.people.set(people.clone());
        let now = |person: &Person| people.iter().find(|now| now.id == person.id).cloned();
        if let Some(person) = self.inside.get_untracked() {
            self.inside.set(now(&person).or(Some(person)));
        }
        Ok(people)
    }
}

impl Default for Door {
    fn default() -> Self {
        Self::new()
    }
}

/// Whom a sign-in let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetIn {
    /// Who was in, whose session had ended.
    Again,
    /// Somebody into their own store.
    Anew,
}

impl Door {
    /// Signs in at the server. Who has no store on this phone gets one of their own; whoever else uses it keeps theirs,
    /// with all that is not sent.
    pub async fn sign_in(
        self,
        key: Key<'_>,
        inside: Option<(SignIn, OpenForms)>,
    ) -> Result<LetIn, SignInError> {
        let phone = self.phone()?;
        let all = self.look().await?;
        let here = self.inside.get_untracked();
        let forgotten = self.forgotten.get_value();
        let people = candidates(&all, forgotten.as_deref());
        let (device, answer) = self.ask_as(key, here.as_ref(), &people).await?;
        if !answer.is_ok() {
            return Err(refused(&answer));
        }
        let profile: Profile = json::read(&answer.body).map_err(SignInError::Refused)?;
        for person in all.into_iter().filter(|person| person.label.account == profile.account) {
            let is_forgotten = Some(&person.id) == forgotten.as_ref();
            if person.row.lost.is_some() || is_forgotten {
                let note = move |row: &mut PersonRow| {
                    row.lost = None;
                    row.aside = if is_forgotten { Some(true) } else { row.aside };
                };
                phone.change(&person.id, note).await?;
                self.look().await?;
            }
        }
        if let (Some((sign_in, _)), Some(here)) = (inside, &here)
            && here.label.account == profile.account
        {
            sign_in.renew(profile).await?;
            return Ok(LetIn::Again);
        }
        let known = people.into_iter().find(|person| person.label.account == profile.account);
        let person = match known {
            Some(person) if person.row.pin.is_none() => {
                let storage = phone.enter(&person).await?;
                storage.write(vec![put_profile(&profile)]).await?;
                storage.close();
                person
            }
            Some(person) => {
                self.fresh.set_value(Some(profile));
                person
            }
            None => {
                let label =
                    Label { account: profile.account.clone(), name: profile.name.clone(), device };
                let first = put_device(&DeviceState::new(device));
                phone.add(label, vec![first, put_profile(&profile)]).await?
            }
        };
        self.choose(person, inside.map(|(_, forms)| forms)).await?;
        Ok(LetIn::Anew)
    }
}

impl Door {
    /// The store of somebody who is let in without the server: theirs on this phone, or a new one. `None` if a PIN is
    /// before it.
    pub(super) async fn store_of(
        self,
        account: &str,
        name: &str,
    ) -> Result<Option<(Person, Storage)>, StorageError> {
        let phone = self.phone()?;
        let mut people = candidates(&self.look().await?, None).into_iter();
        let person = match people.find(|person| person.label.account == account) {
            Some(person) if person.row.is_shut() => return Ok(None),
            Some(person) => person,
            None => {
                let device = new_device();
                let label = Label { account: account.to_owned(), name: name.to_owned(), device };
                phone.add(label, vec![put_device(&DeviceState::new(device))]).await?
            }
        };
        let storage = phone.enter(&person).await?;
        Ok(Some((person, storage)))
    }

    /// Starts the app anew in that person's store.
    pub(super) async fn start_in(self, person: &Person) -> Result<(), StorageError> {
        self.phone()?.set_current(Some(&person.id)).await?;
        document::reload();
        Ok(())
    }

    /// Asks the server, each person with the device that their store's operations are of. Whose a code is only the server
    /// knows, and does not use it up for another than the one that is named with it.
    async fn ask_as(
        self,
        key: Key<'_>,
        here: Option<&Person>,
        people: &[Person],
    ) -> Result<(DeviceId, Response), SignInError> {
        if let Key::Password { name, .. } = key {
            let is_one = |person: &&Person| person.label.account.eq_ignore_ascii_case(name);
            let known = here.into_iter().chain(people).find(is_one);
            let known = known.map(|person| person.label.device);
            let device = known.unwrap_or_else(new_device);
            return Ok((device, ask(key, None, device).await?));
        }
        let others = people.iter().filter(|person| Some(&person.id) != here.map(|here| &here.id));
        for Person { label, .. } in here.into_iter().chain(others) {
            let answer = ask(key, Some(&label.account), label.device).await?;
            if answer.error().is_none_or(|error| error.code != "other_account") {
                return Ok((label.device, answer));
            }
        }
        let device = new_device();
        Ok((device, ask(key, None, device).await?))
    }

    /// Lets in whose PIN is asked for.
    pub async fn unlock(self, pin: &str) -> Result<(), PinError> {
        let asked = self.asked.get_untracked().ok_or(StorageError::Closed)?;
        let (person, key) = self.try_pin(&asked.id, pin).await?;
        let Some(storage) = self.phone()?.unlock(&person, &key).await? else {
            return Err(PinError::Wrong);
        };
        if person.row.wipe_after.is_some() {
            // Another tab may be about to empty the phone: whoever is in stands before that.
            self.forget_wrong(&person.id).await?;
            let person = self.person(&person.id).await?;
            return Ok(self.let_inside(person, storage).await?);
        }
        let id = person.id.clone();
        // Nobody waits for it: should it fail, the next PIN waits a little longer.
        tasks::spawn(async move {
            if let Err(error) = self.forget_wrong(&id).await {
                log_error(&format!("wrong PINs not forgotten: {error}"));
            }
        });
        Ok(self.let_inside(person, storage).await?)
    }

    /// Sets another PIN for the person inside, or none; `old` is the one that holds now.
    pub async fn set_pin(self, old: Option<&str>, new: Option<&str>) -> Result<(), PinError> {
        let here = self.inside.get_untracked().ok_or(StorageError::Closed)?;
        let phone = self.phone()?;
        let new = match new {
            Some(pin) => {
                pin::check(pin)?;
                let row: PinRow = pin::parameters(random::bytes());
                let key = pin::key(pin, &row)?;
                Some((row, key))
            }
            None => None,
        };
        let is_set = match old {
            Some(old) => {
                let (person, old) = self.try_pin(&here.id, old).await?;
                phone.set_pin(&person, Some(&old), new).await?
            }
            None => phone.set_pin(&self.person(&here.id).await?, None, new).await?,
        };
        self.look().await?;
        if is_set { Ok(()) } else { Err(PinError::Wrong) }
    }

    /// After how many minutes without a touch the app locks itself.
    pub async fn set_idle(self, minutes: u32) -> Result<(), StorageError> {
        let Some(here) = self.inside.get_untracked() else { return Ok(()) };
        self.phone()?.change(&here.id, move |row| row.idle_min = minutes).await?;
        self.look().await.map(drop)
    }

    /// After how many wrong PINs the organisation wants the phone emptied.
    pub(super) async fn set_wipe_after(self, tries: Option<u32>) -> Result<(), StorageError> {
        let here = self.inside.get_untracked().filter(|here| here.row.wipe_after != tries);
        let Some(here) = here else { return Ok(()) };
        self.phone()?.change(&here.id, move |row| row.wipe_after = tries).await?;
        self.look().await.map(drop)
    }

    /// The key that a PIN becomes. It counts as wrong until it has proved right: whoever ends the app meanwhile has no
    /// free try.
    async fn try_pin(self, id: &str, pin: &str) -> Result<(Person, [u8; 32]), PinError> {
        let (person, now_ms, wait_ms) = self.waiting(id).await?;
        if wait_ms > 0 {
            return Err(PinError::Wait(wait_ms));
        }
        let Some(row) = &person.row.pin else { return Err(PinError::Wrong) };
        let count = move |row: &mut PersonRow| {
            row.wrong_pins = row.wrong_pins.saturating_add(1);
            row.wrong_ms = now_ms;
        };
        self.tried_ms.set_value(clock::open_ms());
        self.phone()?.change(id, count).await?;
        let key = pin::key(pin, row)?;
        Ok((person, key))
    }

    /// How long the next PIN waits, in milliseconds.
    pub async fn wait_ms(self, id: &str) -> Result<i64, StorageError> {
        let (_, _, wait_ms) = self.waiting(id).await?;
        Ok(wait_ms)
    }

    /// The person, the time, and how long the next PIN waits. After a clock was put back the wait begins anew from now, and ends.
    async fn waiting(self, id: &str) -> Result<(Person, i64, i64), StorageError> {
        let mut person = self.person(id).await?;
        let now_ms = clock::now_ms();
        if person.row.wrong_ms > now_ms {
            self.phone()?.change(id, move |row| row.wrong_ms = row.wrong_ms.min(now_ms)).await?;
            person.row.wrong_ms = now_ms;
        }
        let open_ms = clock::open_ms() - self.tried_ms.get_value();
        let wait_ms = pin::wait_ms(person.row.wrong_pins, person.row.wrong_ms, now_ms, open_ms);
        Ok((person, now_ms, wait_ms))
    }

    async fn forget_wrong(self, id: &str) -> Result<(), StorageError> {
        let forget = |row: &mut PersonRow| {
            row.wrong_pins = 0;
            row.lost = row.lost.and(Some(false));
            row.aside = row.aside.and(Some(false));
        };
        self.phone()?.change(id, forget).await
    }

    /// Somebody who uses this phone, as the disk knows them now.
    pub(super) async fn person(self, id: &str) -> Result<Person, StorageError> {
        let people = self.look().await?;
        people.into_iter().find(|person| person.id == id).ok_or(StorageError::Gone)
    }
}

async fn ask(key: Key<'_>, only: Option<&str>, device: DeviceId) -> Result<Response, SignInError> {
    let device_name = crate::platform::device_name();
    let credentials = Credentials { key, only, device: device.to_string(), device_name };
    let body = serde_json::to_vec(&credentials).expect("strings are JSON");
    let request = Request::new(Method::Post, "/api/v1/session").body("application/json", body);
    request.send(&[]).await.map_err(|_no_answer: HttpError| SignInError::Unreachable)
}

fn refused(answer: &Response) -> SignInError {
    if let Some(minutes) = answer.wait_min() {
        return SignInError::Wait(minutes);
    }
    match answer.error() {
        Some(error) if error.code == "wrong_credentials" => SignInError::WrongCredentials,
        Some(error) if error.code == "wrong_code" => SignInError::WrongCode,
        Some(error) if error.code == "passkey_needed" => SignInError::PasskeyNeeded,
        Some(error) => SignInError::Refused(error.code),
        None => SignInError::Refused(answer.status.to_string()),
    }
}

/// Those of these people whose store the server's word leads to: not beside one that was begun since, as its PIN is forgotten.
fn candidates(people: &[Person], forgotten: Option<&str>) -> Vec<Person> {
    let leads =
        |person: &&Person| person.row.aside.is_none() && Some(person.id.as_str()) != forgotten;
    people.iter().filter(leads).cloned().collect()
}

fn new_device() -> DeviceId {
    DeviceId(random::bytes_16())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(id: &str, aside: Option<bool>) -> Person {
        let label = Label { account: "an".to_owned(), name: "An".to_owned(), device: new_device() };
        let row = PersonRow { aside, ..PersonRow::blank() };
        Person { id: id.to_owned(), label, row }
    }

    #[test]
    fn a_pin_that_comes_back_to_mind_is_not_forgotten_any_more() {
        use futures::executor::block_on;

        let door = Door::new();
        let mut own = person("own", None);
        own.row.pin = Some(pin::parameters([0; 16]));
        block_on(door.let_in(own.clone())).expect("asked");
        door.forget_pin();
        assert_eq!(door.forgotten.get_value().as_ref(), Some(&own.id));
        block_on(door.let_in(own.clone())).expect("asked");
        assert_eq!(door.asked.get_untracked(), Some(own));
        assert_eq!(door.forgotten.get_value(), None);
    }

    #[test]
    fn whoever_forgot_their_pin_is_led_past_its_store_then_and_ever_after() {
        let ids = |people: Vec<Person>| people.into_iter().map(|it| it.id).collect::<Vec<_>>();
        let before = [person("old", None)];
        assert_eq!(ids(candidates(&before, None)), ["old"]);
        assert_eq!(ids(candidates(&before, Some("old"))), [""; 0]);
        // Whether or not its PIN came back to mind since.
        for aside in [true, false] {
            let after = [person("old", Some(aside)), person("new", None)];
            assert_eq!(ids(candidates(&after, None)), ["new"]);
        }
    }
}
