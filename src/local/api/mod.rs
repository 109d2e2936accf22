//! The REST API: routes from JSON to calls of the control plane and back. Decides nothing about resources.

mod answer;
mod bearer;
mod origin;
mod platform;
mod projects;
mod request;
mod serve;
mod snapshots;
mod subresources;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    middleware,
    response::{IntoResponse as _, Response},
};
use secrecy::SecretString;
use url::Url;

pub(super) use self::serve::serve;
use super::control::{Code, Control, ErrorResponse};
use crate::api::wire::BASE_PATH;

/// Far above any resource, in bytes.
const LARGEST_BODY: usize = 1 << 20;

/// State of every route.
#[derive(Clone)]
pub(super) struct Api {
    control: Arc<Control>,
    token: Arc<SecretString>,
    host: Arc<Url>,
}

/// All routes of a server at `host`, those of the Lakebase API behind the bearer token.
pub(super) fn router(control: Arc<Control>, token: SecretString, host: Url) -> Router {
    let api = Api { control, token: Arc::new(token), host: Arc::new(host) };
    let lakebase = projects::routes().merge(subresources::routes()).merge(snapshots::routes());
    let guarded = Router::new()
        .nest(BASE_PATH, lakebase)
        .merge(platform::routes())
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_path)
        .layer(middleware::from_fn_with_state(api.clone(), bearer::check));
    platform::open_routes()
        .merge(guarded)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(origin::check))
        .with_state(api)
}

async fn no_such_path(request: Request) -> Response {
    let path = request.uri().path();
    let path = path.strip_prefix("/api/2.0").unwrap_or(path);
    let text = format!("No API found for '{} {path}'", request.method());
    ErrorResponse::new(Code::EndpointNotFound, text).into_response()
}

#[cfg(fuzzing)]
pub(crate) use self::request::fuzz_json_body;
