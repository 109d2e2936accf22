//! The REST API: JSON in, control calls, JSON out; no decisions.

mod answer;
mod bearer;
mod leaves;
mod platform;
mod projects;
mod request;
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

use self::answer::Refused;
use super::control::{Code, Control, Rejection};
use crate::api::wire::BASE_PATH;

/// Far above any resource, far below what would hurt.
const LARGEST_BODY: usize = 1 << 20;

/// What every route can reach.
#[derive(Clone)]
pub(super) struct Api {
    control: Arc<Control>,
    token: Arc<SecretString>,
}

/// All routes, those of the Lakebase API behind the bearer token.
pub(super) fn router(control: Arc<Control>, token: SecretString) -> Router {
    let api = Api { control, token: Arc::new(token) };
    let lakebase = projects::routes().merge(leaves::routes());
    let guarded = Router::new()
        .nest(BASE_PATH, lakebase)
        .merge(platform::routes())
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_path)
        .layer(middleware::from_fn_with_state(api.clone(), bearer::check));
    platform::open_routes().merge(guarded).layer(DefaultBodyLimit::max(LARGEST_BODY)).with_state(api)
}

async fn no_such_path(request: Request) -> Response {
    let path = request.uri().path();
    let told = path.strip_prefix("/api/2.0").unwrap_or(path);
    let text = format!("No API found for '{} {told}'", request.method());
    Refused(Rejection::new(Code::EndpointNotFound, text)).into_response()
}
