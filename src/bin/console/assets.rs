//! The files that pages load: one style sheet, htmx and a small script. Nothing is loaded from elsewhere.

use axum::{
    extract::Path,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse as _, Response},
};

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// `GET /assets/{name}`
pub(super) async fn file(Path(name): Path<String>) -> Response {
    let (kind, text) = match name.as_str() {
        "console.css" => ("text/css; charset=utf-8", include_str!("assets/console.css")),
        "console.js" => (SCRIPT, include_str!("assets/console.js")),
        "htmx.min.js" => (SCRIPT, include_str!("assets/htmx.min.js")),
        "icon.svg" => ("image/svg+xml", include_str!("assets/icon.svg")),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    // Below a path that is new at every start, so that no later version is shadowed.
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "private, max-age=86400")], text).into_response()
}
