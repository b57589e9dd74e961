//! Passkeys of the person signed in, and signing in with one: the server asks, the browser's authenticator answers.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    Door, OpenForms, SignIn,
    asking::{ask, done},
    door::{Key, LetIn},
    people::Again,
    records::FetchError,
    sign_in::SignInError,
};
use crate::platform::{
    http::{Method, Request},
    passkeys::{self, Assertion, Challenge, MadeKey, NewKeyChallenge, PasskeyError},
};

/// A key that its owner signs in with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Passkey {
    /// Its number.
    pub id: i64,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub created_ms: i64,
    /// When somebody last signed in with it.
    pub used_ms: Option<i64>,
}

/// Why a passkey was not added, or nobody was let in by it.
#[derive(Clone, Debug, Error)]
pub enum PasskeyFailure {
    /// The browser or its authenticator.
    #[error(transparent)]
    Browser(#[from] PasskeyError),
    /// The server, before the browser was asked or behind it.
    #[error(transparent)]
    Server(#[from] FetchError),
    /// The way in.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

/// Lets in whoever has a passkey for this site.
pub async fn sign_in(
    door: Door,
    inside: Option<(SignIn, OpenForms)>,
) -> Result<LetIn, PasskeyFailure> {
    let request = Request::new(Method::Post, "/api/v1/session/passkey");
    let asked: Challenge = ask(request).await?;
    let passkey = passkeys::sign(&asked).await?;
    Ok(door.sign_in(Key::Passkey { passkey: &passkey }, inside).await?)
}

/// Makes a passkey for whoever brings a code, and lets them in by both.
pub async fn make_at_the_door(
    door: Door,
    inside: Option<(SignIn, OpenForms)>,
    code: &str,
) -> Result<LetIn, PasskeyFailure> {
    #[derive(Serialize)]
    struct Body<'a> {
        code: &'a str,
    }
    let code = code.trim();
    let body = serde_json::to_vec(&Body { code }).expect("a string is JSON");
    let request = Request::new(Method::Post, "/api/v1/session/passkey/new");
    let asked: NewKeyChallenge = ask(request.body("application/json", body)).await?;
    let new_passkey = passkeys::make(&asked).await?;
    Ok(door.sign_in(Key::NewPasskey { code, new_passkey: &new_passkey }, inside).await?)
}

/// Has the person show once more who they are.
pub async fn sign_again() -> Result<Assertion, PasskeyFailure> {
    let asked: Challenge = ask(Request::new(Method::Post, "/api/v1/session/again")).await?;
    Ok(passkeys::sign(&asked).await?)
}

/// One's own, the oldest first.
pub async fn list() -> Result<Vec<Passkey>, FetchError> {
    ask(Request::get("/api/v1/passkeys")).await
}

/// Makes one and adds it, under a name. The person shows once more who they are.
pub async fn add(name: &str, again: &Again) -> Result<Passkey, PasskeyFailure> {
    #[derive(Serialize)]
    struct Body<'a> {
        name: &'a str,
        #[serde(flatten)]
        made: MadeKey,
    }
    let request = Request::new(Method::Post, "/api/v1/passkeys/challenge");
    let asked: NewKeyChallenge = ask(request.body("application/json", again.body())).await?;
    let made = passkeys::make(&asked).await?;
    let body = serde_json::to_vec(&Body { name, made }).expect("strings are JSON");
    let request = Request::new(Method::Post, "/api/v1/passkeys");
    Ok(ask(request.body("application/json", body)).await?)
}

/// Calls one something else.
pub async fn rename(id: i64, name: &str) -> Result<(), FetchError> {
    #[derive(Serialize)]
    struct Body<'a> {
        name: &'a str,
    }
    let body = serde_json::to_vec(&Body { name }).expect("strings are JSON");
    let request = Request::new(Method::Patch, format!("/api/v1/passkeys/{id}"));
    done(request.body("application/json", body)).await
}

/// Removes one. The person shows once more who they are.
pub async fn remove(id: i64, again: &Again) -> Result<(), FetchError> {
    let request = Request::new(Method::Post, format!("/api/v1/passkeys/{id}/remove"));
    done(request.body("application/json", again.body())).await
}

/// Removes all of somebody who lost what they are on.
pub async fn remove_all(account: &str, again: &Again) -> Result<(), FetchError> {
    let request = Request::new(Method::Delete, format!("/api/v1/accounts/{account}/passkeys"));
    done(request.body("application/json", again.body())).await
}
