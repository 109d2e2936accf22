//! Failures as pages: what was asked for, why it failed, and what to do.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use lakebase::{Error, ErrorKind};

/// A request that failed; [`frame::show_failure`](super::frame::show_failure) makes a page of it.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) title: String,
    pub(super) lines: Vec<String>,
    pub(super) help: Option<String>,
}

pub(super) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    fn new(status: StatusCode, title: &str, line: impl Into<String>) -> Self {
        Self { status, title: title.to_owned(), lines: vec![line.into()], help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn invalid(line: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "This cannot be done", line)
    }

    pub(super) fn missing(line: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found", line)
    }

    pub(super) fn internal(line: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "The console failed", line)
    }

    pub(super) fn read_only() -> Self {
        let line = "This console shows a Lakebase and changes nothing.";
        Self::new(StatusCode::FORBIDDEN, "Changes are not allowed", line)
            .help("start it with `lakebase console --allow-changes`, or without `--read-only`")
    }

    pub(super) fn foreign_form() -> Self {
        let line = "The form is not of this session.";
        Self::new(StatusCode::FORBIDDEN, "Not accepted", line).help("load the page again and repeat it")
    }

    pub(super) fn not_logged_in() -> Self {
        let line = "This browser has not logged in to the console.";
        Self::new(StatusCode::UNAUTHORIZED, "Log in", line).help(
            "open the address that the console printed at its start, or run `lakebase console` for a new one",
        )
    }

    pub(super) fn login_used() -> Self {
        let line = "This login is not valid: each works once, in one browser.";
        Self::new(StatusCode::FORBIDDEN, "Log in", line).help("run `lakebase console` for a new one")
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (status, title) = match error.kind() {
            ErrorKind::NotFound => (StatusCode::NOT_FOUND, "Not found"),
            ErrorKind::Invalid | ErrorKind::FailedPrecondition => {
                (StatusCode::BAD_REQUEST, "This cannot be done")
            }
            ErrorKind::AlreadyExists => (StatusCode::CONFLICT, "It exists already"),
            ErrorKind::PermissionDenied | ErrorKind::Unauthenticated => {
                (StatusCode::FORBIDDEN, "The Lakebase refused it")
            }
            _ => (StatusCode::BAD_GATEWAY, "The Lakebase answered with an error"),
        };
        let mut lines = vec![error.to_string()];
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            let line = cause.to_string();
            // Some errors contain the text of their cause.
            if !lines.iter().any(|before| before.contains(&line)) {
                lines.push(line);
            }
            source = cause.source();
        }
        Self { status, title: title.to_owned(), lines, help: None }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
