//! The description of this API, for programs and for people.

use std::fmt::Write as _;

use axum::Json;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, PathItem, RefOr};

use crate::router::openapi as description;
use crate::static_files::protect;

/// The `OpenAPI` description of this server.
#[utoipa::path(get, path = "/api/openapi.json", tag = "docs",
    responses((status = 200, description = "`OpenAPI` 3.1", content_type = "application/json")))]
pub async fn openapi() -> Json<OpenApi> {
    Json(description())
}

/// The same as a page.
#[utoipa::path(get, path = "/api/docs", tag = "docs",
    responses((status = 200, description = "a page", content_type = "text/html")))]
pub async fn page() -> Response {
    let mut headers = HeaderMap::new();
    protect(&mut headers);
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (headers, kind, html(&description())).into_response()
}

/// How that page looks.
#[utoipa::path(get, path = "/api/docs/style.css", tag = "docs",
    responses((status = 200, description = "a style sheet", content_type = "text/css")))]
pub async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

const STYLE: &str = ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;\
    margin:2rem auto;padding:0 1rem}h2{font-size:1.05rem;margin:2.5rem 0 .25rem}code{font-size:.95em}\
    table{border-collapse:collapse;width:100%}td{border-top:1px solid #8884;padding:.35rem .75rem .35rem 0;\
    vertical-align:top}td:first-child{white-space:nowrap}";

fn html(api: &OpenApi) -> String {
    let mut page = String::from(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>Sotay API</title><link rel=stylesheet href=/api/docs/style.css><h1>Sotay API</h1>",
    );
    let about = api.info.description.as_deref().unwrap_or_default();
    add(&mut page, format_args!("<p>{}<p><a href=/api/openapi.json>openapi.json</a>", text(about)));
    for (path, item) in &api.paths.paths {
        for (method, operation) in operations(item) {
            endpoint(&mut page, method, path, operation);
        }
    }
    page
}

fn operations(item: &PathItem) -> impl Iterator<Item = (&'static str, &Operation)> {
    let methods = [
        ("GET", &item.get),
        ("HEAD", &item.head),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    methods.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

fn endpoint(page: &mut String, method: &str, path: &str, operation: &Operation) {
    add(page, format_args!("<h2><code>{method} {}</code></h2>", text(path)));
    for part in [&operation.summary, &operation.description].into_iter().flatten() {
        add(page, format_args!("<p>{}", text(part)));
    }
    page.push_str("<table>");
    for parameter in operation.parameters.iter().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let about = parameter.description.as_deref().unwrap_or_default();
        add(
            page,
            format_args!("<tr><td><code>{}</code><td>{}", text(&parameter.name), text(about)),
        );
    }
    for (status, response) in &operation.responses.responses {
        let about = match response {
            RefOr::T(response) => response.description.as_str(),
            RefOr::Ref(_) => "",
        };
        add(page, format_args!("<tr><td>{}<td>{}", text(status), text(about)));
    }
    page.push_str("</table>");
}

fn add(page: &mut String, part: std::fmt::Arguments<'_>) {
    page.write_fmt(part).expect("a string takes all text");
}

fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
