//! Login failures of `tokio-postgres`.

use std::{error::Error, io};

use super::{DriverError, LoginOutcome, Origin, classify_io, classify_sqlstate};

impl DriverError for tokio_postgres::Error {
    fn outcome(&self) -> LoginOutcome {
        // A pooler's setting, which stays as it is.
        if self.answer().is_some_and(|answer| answer.starts_with("unsupported startup parameter")) {
            return LoginOutcome::GiveUp;
        }
        match (self.code(), io_cause(self)) {
            (Some(code), _) => classify_sqlstate(code.code()),
            (None, Some(error)) => classify_io(error),
            // The server went away between two messages.
            (None, None) if self.is_closed() => LoginOutcome::Retry,
            (None, None) => LoginOutcome::GiveUp,
        }
    }

    fn origin(&self) -> Origin {
        let certificate =
            |error: &io::Error| error.get_ref().is_some_and(|cause| cause.is::<rustls::Error>());
        match self.code() {
            Some(_) => Origin::Server,
            None if io_cause(self).is_some_and(certificate) => Origin::Certificate,
            None => Origin::Network,
        }
    }

    fn answer(&self) -> Option<&str> {
        self.as_db_error().map(|error| error.message())
    }

    fn sqlstate(&self) -> Option<String> {
        self.code().map(|state| state.code().to_owned())
    }

    fn into_boxed(self) -> Box<dyn Error + Send + Sync> {
        Box::new(self)
    }
}

fn io_cause(error: &tokio_postgres::Error) -> Option<&io::Error> {
    error.source()?.downcast_ref()
}
