//! Logins with sqlx.

use std::error::Error;

use super::{DriverError, LoginOutcome, Origin, classify_io, classify_sqlstate};
use crate::error::DatabaseError;

impl DriverError for sqlx::Error {
    fn outcome(&self) -> LoginOutcome {
        match self {
            Self::Io(error) => classify_io(error),
            Self::PoolTimedOut => LoginOutcome::Retry,
            // A connection that is closed before the answer to the request for TLS.
            Self::Protocol(text) if text.contains("response from SSLRequest: 0x00") => LoginOutcome::Retry,
            // A pooler's setting, which stays as it is.
            Self::Database(error) if error.message().starts_with("unsupported startup parameter") => {
                LoginOutcome::GiveUp
            }
            Self::Database(error) => classify_sqlstate(error.code().as_deref().unwrap_or_default()),
            _ => LoginOutcome::GiveUp,
        }
    }

    fn origin(&self) -> Origin {
        match self {
            Self::Database(_) => Origin::Server,
            Self::Tls(_) => Origin::Certificate,
            Self::Io(error) if error.get_ref().is_some_and(|cause| cause.is::<rustls::Error>()) => {
                Origin::Certificate
            }
            _ => Origin::Network,
        }
    }

    fn answer(&self) -> Option<&str> {
        self.as_database_error().map(|error| error.message())
    }

    fn sqlstate(&self) -> Option<String> {
        Some(self.as_database_error()?.code()?.into_owned())
    }

    fn into_boxed(self) -> Box<dyn Error + Send + Sync> {
        Box::new(DatabaseError::from(self))
    }
}
