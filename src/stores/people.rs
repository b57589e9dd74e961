//! People, their devices, and what was done: read from the server and changed there, over the network.

use leptos::prelude::expect_context;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    SignIn,
    records::{FetchError, refusal},
    sign_in::Role,
};
use crate::platform::{
    address,
    http::{Method, Request},
    json,
};

/// A person, as the server tells it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Person {
    /// What the person signs in with.
    pub account: String,
    /// The person's name.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// Where the person works.
    pub unit: String,
    /// Since when the person may not sign in; none if they may.
    pub disabled_ms: Option<i64>,
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
    /// The person's name.
    pub account_name: String,
    /// What the person may do.
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
    /// Whether the asker may end it.
    pub may_end: bool,
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
}

/// More of what was done.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Detail {
    /// As the server writes it.
    Known(Known),
    /// A line that somebody tampered with.
    Raw(String),
}

/// What a line of the log may tell, by what was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Known {
    /// The device.
    pub device_name: Option<String>,
    /// The person's name.
    pub name: Option<String>,
    /// What the person may do.
    pub role: Option<Role>,
    /// A unit.
    pub unit: Option<String>,
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
    pub role: Role,
    /// Where the person works, and whose records the person sees.
    pub unit: String,
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
            sees_people: matches!(
                role,
                Some(Role::Coordinator | Role::Administrator | Role::Auditor)
            ),
            manages: role == Some(Role::Administrator),
        }
    }
}

/// People by name.
pub async fn people() -> Result<Vec<Person>, FetchError> {
    ask(Request::get("/api/v1/accounts")).await
}

/// Who is signed in where, the newest contact first.
pub async fn sessions() -> Result<Vec<OpenSession>, FetchError> {
    ask(Request::get("/api/v1/sessions")).await
}

/// What was done, the newest first; before a place in the log.
pub async fn deeds(before: Option<u64>) -> Result<Vec<Deed>, FetchError> {
    let before = before.map_or_else(String::new, |seq| format!("?before={seq}"));
    ask(Request::get(format!("/api/v1/audit{before}"))).await
}

/// Ends a session, as for a lost phone.
pub async fn end(session: i64) -> Result<(), FetchError> {
    let request = Request::new(Method::Delete, format!("/api/v1/sessions/{session}"));
    let answer = request.send(&[]).await?;
    if answer.is_ok() { Ok(()) } else { Err(refusal(&answer)) }
}

/// A code that lets the person in once.
pub async fn make_code(account: &str) -> Result<SignInCode, FetchError> {
    let request = Request::new(Method::Post, format!("/api/v1/accounts/{account}/code"));
    ask(request.body("application/json", b"{}".to_vec())).await
}

/// Adds a person, who then needs a code.
pub async fn add(person: &NewPerson) -> Result<Person, FetchError> {
    let body = serde_json::to_vec(person).expect("strings are JSON");
    ask(Request::new(Method::Post, "/api/v1/accounts").body("application/json", body)).await
}

/// Keeps a person out, or lets them in again.
pub async fn set_disabled(account: &str, disabled: bool) -> Result<Person, FetchError> {
    let body = serde_json::to_vec(&Disabled { disabled }).expect("a boolean is JSON");
    let request = Request::new(Method::Patch, format!("/api/v1/accounts/{account}"));
    ask(request.body("application/json", body)).await
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
    let answer = request.body("application/json", body).send(&[]).await?;
    if answer.is_ok() { Ok(()) } else { Err(refusal(&answer)) }
}

async fn ask<T: DeserializeOwned>(request: Request) -> Result<T, FetchError> {
    let answer = request.send(&[]).await?;
    if !answer.is_ok() {
        return Err(refusal(&answer));
    }
    json::read(&answer.body).map_err(FetchError::Garbled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_tells_is_read() {
        let session = r#"[{"id": 17, "is_this": false, "may_end": true, "account": "an", "account_name": "An", "role": "officer",
            "unit": "u", "device": "01", "device_name": "Chrome, Android", "created_ms": 1, "contact_ms": 2,
            "unsent": null, "pushed_ms": null, "files_missing": 2}]"#;
        let sessions: Vec<OpenSession> = serde_json::from_str(session).expect("sessions are read");
        assert_eq!((sessions[0].unsent, sessions[0].files_missing), (None, 2));
        let person = r#"{"account": "an", "name": "An", "role": "trainer", "unit": "u", "scope": ["u"], "created_ms": 1,
            "disabled_ms": null, "may_make_code": true}"#;
        let person: Person = serde_json::from_str(person).expect("a person is read");
        assert_eq!((person.role, person.disabled_ms), (Role::Trainer, None));
    }
}
