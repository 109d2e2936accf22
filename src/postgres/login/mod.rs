//! Logins with sqlx: the retry loop, and the classification of login failures.

use std::{io, sync::Arc, time::Duration};

use chrono::Utc;
use secrecy::ExposeSecret;
use sqlx::{ConnectOptions, PgConnection, postgres::PgConnectOptions};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{LoginParams, roots};
use crate::{
    api::{
        credential::DatabaseCredential,
        wait::{PollResult, until},
    },
    error::{DatabaseError, Error, ErrorKind, Result},
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

pub(super) fn classify(error: &sqlx::Error) -> LoginOutcome {
    use io::ErrorKind::{InvalidData, InvalidInput, NotFound, PermissionDenied, Unsupported};
    match error {
        // A broken certificate or an unreadable file stays so.
        sqlx::Error::Io(error) => match error.kind() {
            InvalidData | InvalidInput | NotFound | PermissionDenied | Unsupported => LoginOutcome::GiveUp,
            _ => LoginOutcome::Retry,
        },
        sqlx::Error::PoolTimedOut => LoginOutcome::Retry,
        // A connection that is closed before the answer to the request for TLS.
        sqlx::Error::Protocol(text) if text.contains("response from SSLRequest: 0x00") => LoginOutcome::Retry,
        // A pooler's setting, which stays as it is.
        sqlx::Error::Database(error) if error.message().starts_with("unsupported startup parameter") => {
            LoginOutcome::GiveUp
        }
        sqlx::Error::Database(error) => classify_sqlstate(error.code().as_deref().unwrap_or_default()),
        _ => LoginOutcome::GiveUp,
    }
}

fn classify_sqlstate(code: &str) -> LoginOutcome {
    match code {
        "57P03" => LoginOutcome::Retry,
        code if code.starts_with("08") => LoginOutcome::Retry,
        code if code.starts_with("28") => LoginOutcome::Renew,
        _ => LoginOutcome::GiveUp,
    }
}

impl LoginParams {
    /// Options with the password in them.
    pub(super) fn options(&self, credential: &DatabaseCredential) -> PgConnectOptions {
        self.info.options().password(credential.token.expose_secret())
    }

    pub(super) async fn connect(&self) -> Result<PgConnection> {
        self.log_in(|options| async move { options.connect().await }).await
    }

    /// Retries `attempt` until it succeeds, fails permanently, or the time is over.
    pub(super) async fn log_in<T, F>(&self, attempt: impl FnMut(PgConnectOptions) -> F) -> Result<T>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        let span = tracing::debug_span!(
            span::LOGIN,
            otel.kind = "client",
            { field::DB_SYSTEM } = "postgresql",
            { field::DB_NAMESPACE } = self.info.database,
            { field::SERVER } = self.info.host,
            { field::SERVER_PORT } = self.info.port,
            { field::DB_STATUS } = tracing::field::Empty,
            { field::ERROR } = tracing::field::Empty,
        );
        let begun = Instant::now();
        let outcome = self.attempts(attempt).instrument(span.clone()).await;
        record::login(&span, outcome.as_ref().err(), begun.elapsed());
        outcome
    }

    async fn attempts<T, F>(&self, mut attempt: impl FnMut(PgConnectOptions) -> F) -> Result<T>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        if let Some(file) = &self.info.ca_cert {
            roots::check_file(file)?;
        }
        let mut credential = self.info.cache.get().await?;
        let mut renewed = false;
        let mut last = None;
        let result = until!(self.limit, {
            let error = match attempt(self.options(&credential)).await {
                Ok(open) => return Ok(PollResult::Ready(open)),
                Err(error) => error,
            };
            match classify(&error) {
                LoginOutcome::Renew if self.info.cache.is_fixed() => return Err(self.refused(error)),
                LoginOutcome::Renew if !renewed => {
                    renewed = true;
                    credential = self.renew(&credential).await?;
                }
                LoginOutcome::Renew if self.is_young() => {}
                LoginOutcome::Retry => {}
                LoginOutcome::Renew | LoginOutcome::GiveUp => return Err(self.refused(error)),
            }
            let why = error.to_string();
            last = Some(error);
            Ok(PollResult::Pending(why))
        })
        .await;
        result.map_err(|error| match (error.kind(), last) {
            (ErrorKind::Timeout, last) => self.too_late(last),
            _ => error,
        })
    }

    async fn renew(&self, refused: &Arc<DatabaseCredential>) -> Result<Arc<DatabaseCredential>> {
        tracing::debug!(host = %self.info.host, "the login was rejected, generating another credential");
        self.info.cache.replace(refused).await
    }

    fn is_young(&self) -> bool {
        let age = self.endpoint_created.map(|made| (Utc::now() - made).to_std().unwrap_or_default());
        age.is_some_and(|age| age < ROLE_PROPAGATION_LIMIT)
    }

    fn context(&self) -> String {
        format!("connecting to {} as {}", self.info.host, self.info.user)
    }

    fn refused(&self, error: sqlx::Error) -> Error {
        let (kind, message) = match &error {
            sqlx::Error::Database(error) if error.message().contains("native postgres login is disabled") => {
                (
                    ErrorKind::Database,
                    "the project accepts generated credentials only; allow passwords with update().native_login(true), \
                 or log in as yourself without .password()",
                )
            }
            sqlx::Error::Database(_) if self.info.pooled => (
                ErrorKind::Database,
                "the connection pooler or PostgreSQL refused the login; check that the branch has this role and \
                 database, or connect without .pooled()",
            ),
            sqlx::Error::Database(_) => (
                ErrorKind::Database,
                "PostgreSQL refused the login; check that the branch has this role and database",
            ),
            sqlx::Error::Tls(_) => (
                ErrorKind::Connect,
                "the server's certificate cannot be verified; check the host and the certificate authority",
            ),
            _ => (ErrorKind::Connect, "no connection to PostgreSQL"),
        };
        Error::new(kind, message).with_source(DatabaseError::from(error)).with_context(self.context())
    }

    /// `last` is the failure of the last attempt; without one the first attempt was still waiting.
    fn too_late(&self, last: Option<sqlx::Error>) -> Error {
        let server = if self.info.pooled { "the connection pooler" } else { "PostgreSQL" };
        let message = format!("{server} did not accept the connection within {} s", self.limit.as_secs_f64());
        let error = Error::new(ErrorKind::Timeout, message);
        match last {
            Some(last) => error.with_source(DatabaseError::from(last)),
            None => error,
        }
        .with_context(self.context())
    }
}

#[cfg(test)]
pub(super) mod tests;
