//! People, their devices, and what was done: read from the server and changed there, over the network.

use std::collections::BTreeSet;

use leptos::prelude::expect_context;
use serde::{Deserialize, Serialize};

use super::{
    SignIn,
    asking::{ask, bytes, done},
    records::FetchError,
    sign_in::{Role, role_by_name},
};
use crate::platform::{
    address::{self, Query},
    clock,
    http::{Method, Request},
    passkeys::Assertion,
};

/// A person, as the server tells it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Person {
    /// What the person signs in with.
    pub account: String,
    /// The person's name.
    pub name: String,
    /// What the person may do.
    #[serde(with = "role_by_name")]
    pub role: Role,
    /// Where the person works.
    pub unit: String,
    /// The units whose records the person sees.
    #[serde(default)]
    pub scope: Vec<String>,
    /// The programmes that the person's rights are limited to; none: they are not.
    #[serde(default)]
    pub programmes: Vec<String>,
    /// Since when the person may not sign in; none if they may.
    pub disabled_ms: Option<i64>,
    /// How many passkeys the person has.
    #[serde(default)]
    pub passkeys: u64,
    /// Whether the asker may let the person in by a code.
    pub may_make_code: bool,
}

/// Somebody signed in on a device.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OpenSession {
    /// Its number.
    pub id: i64,
    /// Whether it is this device's.
    pub is_this: bool,
    /// What the person signs in with.
    pub account: String,
    /// The person's name.
    pub account_name: String,
    /// What the person may do.
    #[serde(with = "role_by_name")]
    pub role: Role,
    /// Where the person works.
    pub unit: String,
    /// What the device calls itself.
    pub device_name: String,
    /// When it was last heard of, to ten minutes.
    pub contact_ms: i64,
    /// How many operations stayed on it when it last sent some; none if it never said.
    pub unsent: Option<u64>,
    /// How many files that its records name have not arrived whole.
    pub files_missing: u64,
    /// Whether the asker may end it, or say that its device is lost.
    pub may_end: bool,
    /// When it ended with something else, and nobody signed in on its device since; none: it is open.
    #[serde(default)]
    pub ended_ms: Option<i64>,
}

/// A line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Deed {
    /// Its place in the log.
    pub seq: u64,
    /// When.
    pub at_ms: i64,
    /// The account that did it; none: the operator of the server.
    pub actor: Option<String>,
    /// What was done: a code.
    pub action: String,
    /// To what.
    pub object: String,
    /// More of it.
    pub detail: Detail,
    /// What the device is called, where it is known still.
    #[serde(default)]
    pub device_name: Option<String>,
}

/// More of what was done.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Detail {
    /// As the server writes it.
    Known(Box<Known>),
    /// A line that somebody tampered with.
    Raw(String),
}

/// What a line of the log may tell, by what was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Known {
    /// The device, in older rows.
    pub device_name: Option<String>,
    /// What its owner calls a passkey, in older rows.
    pub passkey: Option<String>,
    /// The person's name, in older rows.
    pub name: Option<String>,
    /// Whether the person got another name.
    pub renamed: bool,
    /// What the person may do: a role's name.
    pub role: Option<String>,
    /// A unit.
    pub unit: Option<String>,
    /// The units whose records the person sees.
    pub scope: Option<Vec<String>>,
    /// The programmes that the person's rights are limited to; none of them: they are not.
    pub programmes: Option<Vec<String>>,
    /// Why.
    pub reason: Option<String>,
    /// How many records.
    pub records: Option<usize>,
    /// How many tries failed.
    pub tries: Option<u64>,
    /// The network address that the last of them came from.
    pub address: Option<String>,
}

/// A password that a person wants to have.
#[derive(Clone, Default)]
pub struct NewPassword {
    /// The present one.
    pub old: String,
    /// A code of the coordinator, for who does not know it.
    pub code: String,
    /// The new one.
    pub new: String,
}

/// What lets a person in once.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SignInCode {
    /// What the person signs in as.
    pub account: String,
    /// The code, to be read out.
    pub code: String,
    /// Until when it is good.
    pub ends_ms: i64,
}

impl SignInCode {
    /// The address that signs in with it. What stands behind `#` no server writes down.
    #[must_use]
    pub fn link(&self) -> String {
        format!("{}/sign-in#{}", address::origin(), self.code)
    }
}

/// Somebody to add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewPerson {
    /// What the person will sign in with.
    pub account: String,
    /// The person's name.
    pub name: String,
    /// What the person may do.
    #[serde(with = "role_by_name")]
    pub role: Role,
    /// Where the person works, and whose records the person sees.
    pub unit: String,
    /// The programmes that this is limited to; none: it is not.
    pub programmes: Vec<String>,
}

/// What is to be different of somebody; what is not said stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PersonChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    programmes: Option<Vec<String>>,
}

impl PersonChange {
    /// What makes of one what is wanted. Whoever moves to another unit sees that one in place of the former, and what else they see.
    #[must_use]
    pub fn of(before: &Person, wanted: &NewPerson) -> Self {
        fn moved<T: PartialEq + Clone>(before: &T, wanted: &T) -> Option<T> {
            (before != wanted).then(|| wanted.clone())
        }
        let unit = moved(&before.unit, &wanted.unit);
        let scope = unit.as_ref().map(|unit| {
            let of = |seen: &String| if *seen == before.unit { unit } else { seen }.clone();
            before.scope.iter().map(of).collect::<BTreeSet<_>>().into_iter().collect()
        });
        Self {
            name: moved(&before.name, &wanted.name),
            role: moved(&before.role, &wanted.role).map(Role::name),
            unit,
            scope,
            programmes: moved(&before.programmes, &wanted.programmes),
        }
    }
}

/// What shows that it is still whoever signed in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Again {
    /// Their password.
    pub password: String,
    /// Or a code that was made for them.
    pub code: String,
    /// Or what a passkey of theirs signed: good once.
    pub passkey: Option<Assertion>,
}

impl Again {
    /// The body of what needs nothing else.
    pub(super) fn body(&self) -> Vec<u8> {
        self.with(serde_json::Map::new())
    }

    /// The body that it goes with: nothing, where nothing was asked for or typed.
    fn with(&self, mut body: serde_json::Map<String, serde_json::Value>) -> Vec<u8> {
        let code = self.code.trim();
        let shown = match &self.passkey {
            Some(signed) => {
                Some(("passkey", serde_json::to_value(signed).expect("strings are JSON")))
            }
            None if !code.is_empty() => Some(("code", code.into())),
            None if !self.password.is_empty() => Some(("password", self.password.as_str().into())),
            None => None,
        };
        body.extend(shown.map(|(name, shown)| (name.to_owned(), shown)));
        serde_json::Value::Object(body).to_string().into_bytes()
    }
}

/// What another app is set up with: told once.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ClientToken {
    /// The account that the app sends for.
    pub account: String,
    /// What it shows in place of a password.
    pub token: String,
    /// Behind the server's address, what the app calls.
    pub path: String,
}

impl ClientToken {
    /// The whole address.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}{}", address::origin(), self.path)
    }
}

/// What lines of the log are looked for by; what is empty is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    /// A part of the account that did it.
    pub actor: String,
    /// What was done: a code.
    pub action: String,
    /// A part of what it was done to.
    pub object: String,
    /// From this day on, `YYYY-MM-DD`.
    pub from: String,
    /// Until the end of this day.
    pub until: String,
}

/// A record that speaks of a person.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Mention {
    /// The record.
    pub record: String,
    /// The form's id.
    pub form: String,
    /// The record's unit.
    pub unit: String,
    /// Who the person is in it, in the pack's word.
    pub person: String,
    /// The row that they are in; empty outside of rows.
    pub row: String,
}

impl Mention {
    /// Where they are: two people of one name may stand in one record.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}/{}", self.record, self.row)
    }
}

/// Whose data are taken or erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Somebody with an account.
    Account(String),
    /// Somebody whom records speak of by this answer: in these places, and so often.
    Named {
        /// A name or a telephone number.
        value: String,
        /// The places.
        places: Vec<String>,
        /// How many mentions there are in them.
        mentions: usize,
    },
}

impl Whom {
    fn body(&self) -> serde_json::Map<String, serde_json::Value> {
        let mut body = serde_json::Map::new();
        match self {
            Self::Account(account) => {
                body.insert("account".to_owned(), account.as_str().into());
            }
            Self::Named { value, places, .. } => {
                body.insert("value".to_owned(), value.as_str().into());
                body.insert("records".to_owned(), places.clone().into());
            }
        }
        body
    }
}

#[derive(Serialize)]
struct Disabled {
    disabled: bool,
}

/// What the person signed in may see and do here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Sees people and the log.
    pub sees_people: bool,
    /// Adds and disables people.
    pub manages: bool,
}

impl Rights {
    /// Of the person signed in.
    #[must_use]
    pub fn now() -> Self {
        let role = expect_context::<SignIn>().profile().map(|profile| profile.role);
        Self {
            sees_people: role.is_some_and(Role::oversees),
            manages: role.is_some_and(Role::manages_accounts),
        }
    }
}

/// People, by given name.
pub async fn people() -> Result<Vec<Person>, FetchError> {
    ask(Request::get("/api/v1/accounts")).await.map(in_order)
}

fn in_order(mut people: Vec<Person>) -> Vec<Person> {
    people.sort_by_cached_key(|person| report::name_key(&person.name));
    people
}

/// Who is signed in where, the newest contact first.
pub async fn sessions() -> Result<Vec<OpenSession>, FetchError> {
    ask(Request::get("/api/v1/sessions")).await
}

/// What was done and is looked for, the newest first; before a place in the log.
pub async fn deeds(sought: &Sought, before: Option<u64>) -> Result<Vec<Deed>, FetchError> {
    let number = |number: Option<i64>| number.map_or_else(String::new, |number| number.to_string());
    let query = Query::default()
        .with("before", &before.map_or_else(String::new, |seq| seq.to_string()))
        .with("actor", sought.actor.trim())
        .with("action", &sought.action)
        .with("object", sought.object.trim())
        .with("from", &number(clock::day_start_ms(&sought.from, 0)))
        .with("until", &number(clock::day_start_ms(&sought.until, 1)));
    ask(Request::get(format!("/api/v1/audit{}", query.suffix()))).await
}

/// Changes who a person is or what they may do. Another role ends their sessions.
pub async fn change(
    account: &str,
    change: &PersonChange,
    again: &Again,
) -> Result<Person, FetchError> {
    patch(account, change, again).await
}

async fn patch(
    account: &str,
    change: &impl Serialize,
    again: &Again,
) -> Result<Person, FetchError> {
    let change = serde_json::to_value(change).expect("strings are JSON");
    let change = change.as_object().cloned().unwrap_or_default();
    let request = Request::new(Method::Patch, format!("/api/v1/accounts/{account}"));
    ask(request.body("application/json", again.with(change))).await
}

/// What an app such as ODK Collect of the person's own is set up with.
pub async fn make_token(
    account: &str,
    device_name: &str,
    again: &Again,
) -> Result<ClientToken, FetchError> {
    let mut body = serde_json::Map::new();
    if !device_name.trim().is_empty() {
        body.insert("device_name".to_owned(), device_name.trim().into());
    }
    let request = Request::new(Method::Post, format!("/api/v1/accounts/{account}/token"));
    ask(request.body("application/json", again.with(body))).await
}

/// Where records speak of somebody, by a name or a telephone number.
pub async fn find_person(value: &str) -> Result<Vec<Mention>, FetchError> {
    let whom = Whom::Named { value: value.to_owned(), places: Vec::new(), mentions: 0 };
    let body = serde_json::Value::Object(whom.body()).to_string().into_bytes();
    let request = Request::new(Method::Post, "/api/v1/persons/find").timeout_ms(LONG_MS);
    ask(request.body("application/json", body)).await
}

/// All that is held about somebody, as a ZIP.
pub async fn export_person(whom: &Whom) -> Result<Vec<u8>, FetchError> {
    let body = serde_json::Value::Object(whom.body()).to_string().into_bytes();
    let request = Request::new(Method::Post, "/api/v1/persons/export").timeout_ms(LONG_MS);
    bytes(request.body("application/json", body)).await
}

/// Erases what is held about somebody, for good.
pub async fn erase_person(whom: &Whom, again: &Again) -> Result<(), FetchError> {
    let mut body = whom.body();
    if let Whom::Named { mentions, .. } = whom {
        body.insert("mentions".to_owned(), (*mentions).into());
    }
    let request = Request::new(Method::Post, "/api/v1/persons/erase").timeout_ms(LONG_MS);
    done(request.body("application/json", again.with(body))).await
}

/// How long reading all records may take.
pub(super) const LONG_MS: u32 = 300_000;

/// Ends a session, as for a lost phone.
pub async fn end(session: i64, lost: bool, again: &Again) -> Result<(), FetchError> {
    let request = Request::new(Method::Post, format!("/api/v1/sessions/{session}/end"));
    let how = serde_json::Map::from_iter([("lost".to_owned(), lost.into())]);
    done(request.body("application/json", again.with(how))).await
}

/// A code that lets the person in once.
pub async fn make_code(account: &str, again: &Again) -> Result<SignInCode, FetchError> {
    let request = Request::new(Method::Post, format!("/api/v1/accounts/{account}/code"));
    ask(request.body("application/json", again.body())).await
}

/// Adds a person, who then needs a code.
pub async fn add(person: &NewPerson) -> Result<Person, FetchError> {
    let body = serde_json::to_vec(person).expect("strings are JSON");
    ask(Request::new(Method::Post, "/api/v1/accounts").body("application/json", body)).await
}

/// Keeps a person out, or lets them in again.
pub async fn set_disabled(
    account: &str,
    disabled: bool,
    again: &Again,
) -> Result<Person, FetchError> {
    patch(account, &Disabled { disabled }, again).await
}

/// Sets one's own password. All other sessions of the person end.
pub async fn set_password(typed: &NewPassword) -> Result<(), FetchError> {
    #[derive(Serialize)]
    struct Body<'a> {
        old: Option<&'a str>,
        code: Option<&'a str>,
        new: &'a str,
    }
    let code = Some(typed.code.trim()).filter(|code| !code.is_empty());
    let old = code.is_none().then_some(typed.old.as_str());
    let body = serde_json::to_vec(&Body { old, code, new: &typed.new }).expect("strings are JSON");
    let request = Request::new(Method::Put, "/api/v1/session/password");
    done(request.body("application/json", body)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_or_a_passkey_goes_in_place_of_the_password_and_an_erasure_names_its_places() {
        let read = |bytes: Vec<u8>| String::from_utf8(bytes).expect("JSON");
        assert_eq!(read(Again::default().body()), "{}", "an empty field is no wrong password");
        let mut again = Again { password: " a ".to_owned(), ..Again::default() };
        let whom = Whom::Account("an".to_owned());
        assert_eq!(read(again.with(whom.body())), r#"{"account":"an","password":" a "}"#);
        again.code = " K-1 ".to_owned();
        let mention = Mention {
            record: "0a".to_owned(),
            form: "f".to_owned(),
            unit: "u".to_owned(),
            person: "học viên".to_owned(),
            row: "hoc_vien[k]".to_owned(),
        };
        let whom =
            Whom::Named { value: "Hoa".to_owned(), places: vec![mention.place()], mentions: 1 };
        let body = r#"{"code":"K-1","records":["0a/hoc_vien[k]"],"value":"Hoa"}"#;
        assert_eq!(read(again.with(whom.body())), body);
        again.passkey = Some(Assertion {
            credential: "AQ".to_owned(),
            client_data: "e30".to_owned(),
            authenticator_data: "AA".to_owned(),
            signature: "MA".to_owned(),
            user_handle: String::new(),
        });
        let body = r#"{"passkey":{"authenticator_data":"AA","client_data":"e30","credential":"AQ","signature":"MA","user_handle":""}}"#;
        assert_eq!(read(again.body()), body, "it goes before both");
    }

    #[test]
    fn who_moves_sees_the_new_unit_in_place_of_the_old_one_and_what_stays_is_not_said() {
        let before = Person {
            account: "an".to_owned(),
            name: "An".to_owned(),
            role: Role::Officer,
            unit: "xuan_an".to_owned(),
            scope: vec!["bao_vinh".to_owned(), "xuan_an".to_owned()],
            programmes: Vec::new(),
            disabled_ms: None,
            passkeys: 0,
            may_make_code: true,
        };
        let same = NewPerson {
            account: "an".to_owned(),
            name: "An".to_owned(),
            role: Role::Officer,
            unit: "xuan_an".to_owned(),
            programmes: Vec::new(),
        };
        let body = |wanted: &NewPerson| {
            serde_json::to_string(&PersonChange::of(&before, wanted)).expect("strings are JSON")
        };
        assert_eq!(body(&same), "{}");
        let trainer = NewPerson { role: Role::Trainer, ..same.clone() };
        assert_eq!(body(&trainer), r#"{"role":"trainer"}"#);
        let moved = NewPerson { unit: "xuan_lap".to_owned(), ..same };
        assert_eq!(body(&moved), r#"{"unit":"xuan_lap","scope":["bao_vinh","xuan_lap"]}"#);
    }

    #[test]
    fn people_stand_by_given_name_whatever_they_sign_in_with() {
        let person = |(account, name): (&str, &str)| {
            let json = format!(
                r#"{{"account": "{account}", "name": "{name}", "role": "officer", "unit": "u", "disabled_ms": null,
                "may_make_code": true}}"#
            );
            serde_json::from_str::<Person>(&json).expect("a person is read")
        };
        let by_account = [("a", "Nguyễn Thị Đào"), ("b", "Lê Văn Bình"), ("z", "Trần Văn An")];
        let people = in_order(by_account.map(person).into());
        let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
        assert_eq!(names, ["Trần Văn An", "Lê Văn Bình", "Nguyễn Thị Đào"]);
    }

    #[test]
    fn what_the_server_tells_is_read() {
        let session = r#"[{"id": 17, "is_this": false, "may_end": true, "account": "an", "account_name": "An", "role": "officer",
            "unit": "u", "device": "01", "device_name": "Chrome, Android", "created_ms": 1, "contact_ms": 2,
            "unsent": null, "pushed_ms": null, "files_missing": 2}]"#;
        let sessions: Vec<OpenSession> = serde_json::from_str(session).expect("sessions are read");
        assert_eq!((sessions[0].unsent, sessions[0].files_missing), (None, 2));
        assert_eq!(sessions[0].ended_ms, None, "an older server lists what is open only");
        let deed = r#"{"seq": 3, "at_ms": 5, "actor": "quantri", "action": "account_change", "object": "lan", "unit": "u",
            "detail": {"scope": ["u", "v"], "programmes": [], "renamed": true, "session": 7}, "device_name": "Máy bàn"}"#;
        let deed: Deed = serde_json::from_str(deed).expect("a line of the log is read");
        assert_eq!(deed.device_name.as_deref(), Some("Máy bàn"));
        let Detail::Known(known) = deed.detail else { panic!("it is as the server writes it") };
        assert!(known.renamed);
        assert_eq!(known.scope.map(|scope| scope.len()), Some(2));
        assert_eq!(known.programmes, Some(Vec::new()), "they are limited to none any more");
        let person = r#"{"account": "an", "name": "An", "role": "trainer", "unit": "u", "scope": ["u"], "created_ms": 1,
            "disabled_ms": null, "may_make_code": true}"#;
        let person: Person = serde_json::from_str(person).expect("a person is read");
        assert_eq!((person.role, person.disabled_ms), (Role::Trainer, None));
    }
}
