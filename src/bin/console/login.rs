//! The login: an address that works once.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderMap, header::SET_COOKIE},
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;

use super::{
    App,
    failure::{Failure, Result},
    frame::rendered,
};

#[derive(Deserialize)]
pub(super) struct Login {
    #[serde(default)]
    token: String,
}

/// The page after the login, which leads on at once.
#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome<'a> {
    base: &'a str,
}

/// `GET /login?token=…`
pub(super) async fn log_in(
    State(app): State<App>,
    headers: HeaderMap,
    Query(login): Query<Login>,
) -> Result<Response> {
    if app.access.session_of(&headers).is_some() {
        return Ok(Redirect::to(&format!("{}/", app.base)).into_response());
    }
    match app.access.log_in(&login.token) {
        // No redirect: where another program led the browser here, it would keep the cookie back from its target.
        Ok(Some(cookie)) => {
            Ok(([(SET_COOKIE, cookie)], rendered(&Welcome { base: &app.base })?).into_response())
        }
        Ok(None) => Err(Failure::login_used()),
        Err(error) => Err(Failure::internal(error.to_string())),
    }
}
