//! Failures of the engine, the gateway, the state file and of work that panics, as error answers.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use super::{
    error_response::{Code, ErrorResponse},
    store::StoreError,
};
use crate::local::{engine::EngineError, gateway::GatewayError};

impl From<EngineError> for ErrorResponse {
    fn from(error: EngineError) -> Self {
        let code = match &error {
            error if error.is_full() || error.is_out_of_processes() => Code::ResourceExhausted,
            EngineError::OutsideHistory { .. } => Code::BadRequest,
            EngineError::BadSetting { .. } | EngineError::NoPostgres { .. } => Code::InvalidParameterValue,
            // A failure of the machine, neither the caller's nor a bug: a later attempt may succeed.
            EngineError::Io { .. }
            | EngineError::Sql { .. }
            | EngineError::NotFound { .. }
            | EngineError::Unresponsive { .. } => Code::Unavailable,
            _ => Code::Internal,
        };
        Self::new(code, with_sources(&error))
    }
}

impl From<StoreError> for ErrorResponse {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            error if error.is_full() => Code::ResourceExhausted,
            StoreError::Open(_) | StoreError::Database(_) => Code::Unavailable,
            _ => Code::Internal,
        };
        Self::new(code, with_sources(&error))
    }
}

impl From<GatewayError> for ErrorResponse {
    fn from(error: GatewayError) -> Self {
        Self::internal(with_sources(&error))
    }
}

/// Runs work whose panic must not skip the clean-up after it; a panic becomes an error.
pub(super) async fn caught<T>(
    work: impl Future<Output = Result<T, ErrorResponse>>,
) -> Result<T, ErrorResponse> {
    let broken = |_| Err(ErrorResponse::internal("the work broke off; the log of the server says where"));
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(broken)
}

/// An error and its sources, on one line.
pub(super) fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
