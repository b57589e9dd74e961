//! What every operation of a kind may answer, whatever it is for: told once, for all of them.

use axum::http::Method;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, Content, OpenApi, PathItem, Ref, RefOr};

use super::signed_in::{SECURE_COOKIE, SPEAKER, reads};

/// Tells it of each operation of the API. What clients of `OpenRosa` speak is their own.
pub fn complete(api: &mut OpenApi) {
    for (path, item) in &mut api.paths.paths {
        if path.starts_with("/api/") {
            operations(item).for_each(|(method, operation)| tell(&method, operation));
        }
    }
    let components = api.components.get_or_insert_with(Components::new);
    let cookie = "the session; `sotay` where the server is reached without https";
    let speaker = "whose session it is: the account's name in UTF-8, in hexadecimal";
    for (name, scheme) in [
        ("session", ApiKey::Cookie(ApiKeyValue::with_description(SECURE_COOKIE, cookie))),
        ("account", ApiKey::Header(ApiKeyValue::with_description(SPEAKER, speaker))),
    ] {
        components.add_security_scheme(name, SecurityScheme::ApiKey(scheme));
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let methods = [
        (Method::GET, &mut item.get),
        (Method::HEAD, &mut item.head),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ];
    methods.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn tell(method: &Method, operation: &mut Operation) {
    let is_in =
        |operation: &Operation, place: &ParameterIn| {
            operation.parameters.iter().flatten().any(
                |parameter| matches!(parameter, RefOr::T(known) if known.parameter_in == *place),
            )
        };
    if is_in(operation, &ParameterIn::Path) {
        may_answer(method, operation, "400", "`bad_address`");
    }
    if is_in(operation, &ParameterIn::Query) {
        may_answer(method, operation, "400", "`bad_query`");
    }
    if !reads(method) {
        may_answer(
            method,
            operation,
            "403",
            "`csrf`: without the header `X-Sotay: 1`, or from another site",
        );
        may_answer(
            method,
            operation,
            "507",
            "`storage_full`: the disk is full, nothing was stored",
        );
    }
    if operation.responses.responses.contains_key("401") {
        may_answer(method, operation, "408", "`timed_out`: it took more than five minutes");
        may_answer(method, operation, "429", "`too_many_requests`, with `Retry-After`");
        let session = SecurityRequirement::new::<_, [&str; 0], _>("session", []);
        let signed_in =
            if reads(method) { session.add::<_, [&str; 0], _>("account", []) } else { session };
        operation.security = Some(vec![signed_in]);
    }
}

/// That it may answer so, beside what it says of that status by itself.
fn may_answer(method: &Method, operation: &mut Operation, status: &str, told: &str) {
    let code = told.split('`').nth(1).unwrap_or(told);
    match operation.responses.responses.get_mut(status) {
        Some(RefOr::T(response)) if response.description.contains(code) => {}
        Some(RefOr::T(response)) => {
            response.description = format!("{told}; {}", response.description);
        }
        _ => {
            let body = || Content::new(Some(Ref::from_schema_name("ErrorBody")));
            let response = ResponseBuilder::new().description(told);
            let response = match *method {
                Method::HEAD => response,
                _ => response.content("application/json", body()),
            };
            operation.responses.responses.insert(status.to_owned(), response.into());
        }
    }
}
