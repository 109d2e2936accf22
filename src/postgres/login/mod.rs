//! Logins for every driver: the retry loop, and the classification of login failures.

#[cfg(feature = "sqlx")]
mod sqlx;
#[cfg(feature = "tokio-postgres")]
mod tokio_postgres;

use std::{error::Error, io, sync::Arc, time::Duration};

use chrono::Utc;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{info::ConnectionInfo, roots};
use crate::{
    api::{credential::DatabaseCredential, wait::Deadline},
    error::{ErrorKind, Result},
    telemetry::{field, record, span},
};

/// The age below which a branch may not have its roles yet.
const ROLE_PROPAGATION_LIMIT: Duration = Duration::from_secs(60);

/// The reaction to a failed login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoginOutcome {
    /// Transient: the compute is waking, the server is starting.
    Retry,
    /// The credential was rejected; a new one may be accepted.
    Renew,
    GiveUp,
}

/// The outcome for an I/O error: a broken certificate or an unreadable file stays so.
fn classify_io(error: &io::Error) -> LoginOutcome {
    use io::ErrorKind::{InvalidData, InvalidInput, NotFound, PermissionDenied, Unsupported};
    match error.kind() {
        InvalidData | InvalidInput | NotFound | PermissionDenied | Unsupported => LoginOutcome::GiveUp,
        _ => LoginOutcome::Retry,
    }
}

fn classify_sqlstate(code: &str) -> LoginOutcome {
    match code {
        // The server starts, stops or recovers from a crash; a login has done nothing yet that it could repeat.
        "57P01" | "57P02" | "57P03" => LoginOutcome::Retry,
        code if code.starts_with("08") => LoginOutcome::Retry,
        code if code.starts_with("28") => LoginOutcome::Renew,
        _ => LoginOutcome::GiveUp,
    }
}

/// A failure of a driver to log in.
pub(super) trait DriverError: Error + Send + Sync + 'static {
    fn outcome(&self) -> LoginOutcome;

    fn origin(&self) -> Origin;

    /// The message of PostgreSQL's answer.
    fn answer(&self) -> Option<&str>;

    fn sqlstate(&self) -> Option<String>;

    /// The error as a source, which prints each cause once.
    fn into_boxed(self) -> Box<dyn Error + Send + Sync>;
}

/// The origin of a failure, for the remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// PostgreSQL's answer.
    Server,
    Certificate,
    Network,
}

/// A login that failed for good.
#[derive(Debug)]
pub(super) enum LoginFailure<E> {
    Driver(E),
    /// With the failure of the last attempt; without one the first attempt was still waiting.
    TooLate(Option<E>),
    Credential(crate::Error),
}

impl<E: DriverError> LoginFailure<E> {
    fn sqlstate(&self) -> Option<String> {
        match self {
            Self::Driver(error) | Self::TooLate(Some(error)) => error.sqlstate(),
            Self::TooLate(None) | Self::Credential(_) => None,
        }
    }
}

impl ConnectionInfo {
    /// Logs in, with everything that a retry cures.
    pub(super) async fn log_in<T, E, F>(&self, attempt: impl FnMut(Arc<DatabaseCredential>) -> F) -> Result<T>
    where
        E: DriverError,
        F: Future<Output = Result<T, E>>,
    {
        self.log_in_unexplained(attempt).await.map_err(|failure| self.explain(failure))
    }

    /// Logs in for a caller that returns the driver's own error.
    pub(super) async fn log_in_unexplained<T, E, F>(
        &self,
        attempt: impl FnMut(Arc<DatabaseCredential>) -> F,
    ) -> Result<T, LoginFailure<E>>
    where
        E: DriverError,
        F: Future<Output = Result<T, E>>,
    {
        let span = tracing::debug_span!(
            span::LOGIN,
            otel.kind = "client",
            { field::DB_SYSTEM } = "postgresql",
            { field::DB_NAMESPACE } = self.database,
            { field::SERVER } = self.host,
            { field::SERVER_PORT } = self.port,
            { field::DB_STATUS } = tracing::field::Empty,
            { field::ERROR } = tracing::field::Empty,
        );
        let begun = Instant::now();
        let outcome = self.try_log_in(attempt).instrument(span.clone()).await;
        let failure = outcome.as_ref().err();
        let sqlstate = failure.and_then(LoginFailure::sqlstate);
        record::login(&span, failure.map(|failure| self.kind(failure)), sqlstate.as_deref(), begun.elapsed());
        outcome
    }

    /// Retries `attempt` until it succeeds, fails permanently, or the time is over.
    async fn try_log_in<T, E, F>(
        &self,
        mut attempt: impl FnMut(Arc<DatabaseCredential>) -> F,
    ) -> Result<T, LoginFailure<E>>
    where
        E: DriverError,
        F: Future<Output = Result<T, E>>,
    {
        if let Some(file) = &self.ca_cert {
            roots::read_file(file).map_err(LoginFailure::Credential)?;
        }
        let mut deadline = Deadline::new(self.limit);
        let mut credential = self.cache.get().await.map_err(LoginFailure::Credential)?;
        let (mut renewed, mut last) = (false, None);
        loop {
            let attempted = deadline.within(async { Ok(attempt(credential.clone()).await) }).await;
            let error = match attempted {
                Ok(Ok(open)) => return Ok(open),
                Ok(Err(error)) => error,
                Err(_) => return Err(LoginFailure::TooLate(last)),
            };
            match error.outcome() {
                LoginOutcome::Renew if self.cache.is_fixed() => return Err(LoginFailure::Driver(error)),
                LoginOutcome::Renew if !renewed => {
                    renewed = true;
                    credential = self.renew(&credential).await.map_err(LoginFailure::Credential)?;
                }
                LoginOutcome::Renew if self.is_young() => {}
                LoginOutcome::Retry => {}
                LoginOutcome::Renew | LoginOutcome::GiveUp => return Err(LoginFailure::Driver(error)),
            }
            let why = error.to_string();
            last = Some(error);
            if deadline.pause(&why, Duration::ZERO).await.is_err() {
                return Err(LoginFailure::TooLate(last));
            }
        }
    }

    async fn renew(&self, refused: &Arc<DatabaseCredential>) -> Result<Arc<DatabaseCredential>> {
        tracing::debug!(host = %self.host, "the login was rejected, generating another credential");
        self.cache.replace(refused).await
    }

    fn is_young(&self) -> bool {
        let age = self.endpoint_created.map(|made| (Utc::now() - made).to_std().unwrap_or_default());
        age.is_some_and(|age| age < ROLE_PROPAGATION_LIMIT)
    }

    fn context(&self) -> String {
        format!("connecting to {} as {}", self.host, self.user)
    }

    fn kind<E: DriverError>(&self, failure: &LoginFailure<E>) -> ErrorKind {
        match failure {
            LoginFailure::Credential(error) => error.kind(),
            LoginFailure::Driver(error) => self.remedy(error).0,
            LoginFailure::TooLate(_) => ErrorKind::Timeout,
        }
    }

    /// The error for a caller, with the remedy.
    pub(super) fn explain<E: DriverError>(&self, failure: LoginFailure<E>) -> crate::Error {
        let error = match failure {
            LoginFailure::Credential(error) => return error,
            LoginFailure::Driver(error) => {
                let (kind, message) = self.remedy(&error);
                crate::Error::new(kind, message).with_source(error.into_boxed())
            }
            LoginFailure::TooLate(last) => {
                let server = if self.pooled { "the connection pooler" } else { "PostgreSQL" };
                let limit = self.limit.as_secs_f64();
                let message = format!("{server} did not accept the connection within {limit} s");
                let error = crate::Error::new(ErrorKind::Timeout, message);
                match last {
                    Some(last) => error.with_source(last.into_boxed()),
                    None => error,
                }
            }
        };
        error.with_context(self.context())
    }

    fn remedy(&self, error: &impl DriverError) -> (ErrorKind, &'static str) {
        let answer = error.answer().unwrap_or_default();
        match error.origin() {
            Origin::Server if answer.contains("native postgres login is disabled") => (
                ErrorKind::Database,
                "the project accepts generated credentials only; allow passwords with update().native_login(true), \
                 or log in as yourself without .password()",
            ),
            // Class 53: connections, memory, disk or processes have run out.
            Origin::Server if error.sqlstate().is_some_and(|state| state.starts_with("53")) => (
                ErrorKind::Database,
                "PostgreSQL has no resources left for another connection; close some, or make the endpoint larger",
            ),
            Origin::Server if self.pooled => (
                ErrorKind::Database,
                "the connection pooler or PostgreSQL refused the login; check that the branch has this role and \
                 database, or connect without .pooled()",
            ),
            Origin::Server => (
                ErrorKind::Database,
                "PostgreSQL refused the login; check that the branch has this role and database",
            ),
            Origin::Certificate => (
                ErrorKind::Connect,
                "the server's certificate cannot be verified; check the host and the certificate authority",
            ),
            Origin::Network => (ErrorKind::Connect, "no connection to PostgreSQL"),
        }
    }
}

#[cfg(test)]
#[cfg(feature = "sqlx")]
pub(super) mod tests;
#[cfg(test)]
#[cfg(all(feature = "local", feature = "tokio-postgres"))]
mod trust;
