//! Answers as JSON: a resource, an operation or an error.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::local::control::Rejection;

/// The answer of every route.
pub(super) type Answer<T> = Result<Json<T>, ErrorResponse>;

/// A rejection as an HTTP response.
#[derive(Debug)]
pub(super) struct ErrorResponse(pub(super) Rejection);

impl From<Rejection> for ErrorResponse {
    fn from(rejection: Rejection) -> Self {
        Self(rejection)
    }
}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        tracing::debug!(%status, rejection = %self.0, "refused");
        (status, Json(self.0.body())).into_response()
    }
}

pub(super) fn answer<T>(result: Result<T, Rejection>) -> Answer<T> {
    Ok(Json(result?))
}
