//! Answers as JSON: a resource, an operation or an error.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::local::control::ErrorResponse;

/// The answer of every route.
pub(super) type Answer<T> = Result<Json<T>, ErrorResponse>;

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        tracing::debug!(%status, error = %self, "refused");
        (status, Json(self.body())).into_response()
    }
}
