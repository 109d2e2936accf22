//! Logging in: which failures pass by themselves, and which do not.

use std::{io, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use sqlx::{ConnectOptions, PgConnection, postgres::PgConnectOptions};

use super::info::ConnectionInfo;
use crate::{
    api::{
        credential::DatabaseCredential,
        wait::{Look, until},
    },
    error::{Error, ErrorKind, Result},
};

/// What is needed to log in, again and again.
#[derive(Debug, Clone)]
pub(super) struct Door {
    pub(super) info: ConnectionInfo,
    pub(super) limit: Duration,
    /// When the endpoint was made.
    pub(super) made: Option<DateTime<Utc>>,
}

/// A branch that was made this short a time ago may not know its roles yet.
const YOUNG: Duration = Duration::from_secs(60);

/// What to do about a failed login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It passes by itself: the compute is waking, the server is starting.
    Again,
    /// The credential was refused; a new one may be accepted.
    Remint,
    GiveUp,
}

pub(super) fn judge(error: &sqlx::Error) -> Verdict {
    use io::ErrorKind::{InvalidData, InvalidInput, NotFound, PermissionDenied, Unsupported};
    match error {
        // A broken certificate or an unreadable file stays so.
        sqlx::Error::Io(error) => match error.kind() {
            InvalidData | InvalidInput | NotFound | PermissionDenied | Unsupported => Verdict::GiveUp,
            _ => Verdict::Again,
        },
        sqlx::Error::PoolTimedOut => Verdict::Again,
        sqlx::Error::Database(error) => judge_sqlstate(error.code().as_deref().unwrap_or_default()),
        _ => Verdict::GiveUp,
    }
}

fn judge_sqlstate(code: &str) -> Verdict {
    match code {
        "57P03" => Verdict::Again,
        code if code.starts_with("08") => Verdict::Again,
        code if code.starts_with("28") => Verdict::Remint,
        _ => Verdict::GiveUp,
    }
}

impl Door {
    /// Options with the password in them.
    pub(super) fn options(&self, credential: &DatabaseCredential) -> PgConnectOptions {
        self.info.options().password(credential.token.expose_secret())
    }

    pub(super) async fn connect(&self) -> Result<PgConnection> {
        self.log_in(|options| async move { options.connect().await }).await
    }

    /// Tries `attempt` until it succeeds, the failure is one that stays, or the time is over.
    pub(super) async fn log_in<T, F>(&self, mut attempt: impl FnMut(PgConnectOptions) -> F) -> Result<T>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        let mut credential = self.info.cache.get().await?;
        let mut reminted = false;
        let mut last = None;
        let result = until!(self.limit, {
            let error = match attempt(self.options(&credential)).await {
                Ok(open) => return Ok(Look::There(open)),
                Err(error) => error,
            };
            match judge(&error) {
                Verdict::Remint if !reminted => {
                    reminted = true;
                    credential = self.renew(&credential).await?;
                }
                Verdict::Remint if self.is_young() => {}
                Verdict::Again => {}
                Verdict::Remint | Verdict::GiveUp => return Err(self.refused(error)),
            }
            let why = error.to_string();
            last = Some(error);
            Ok(Look::NotYet(why))
        })
        .await;
        result.map_err(|error| match (error.kind(), last) {
            (ErrorKind::Timeout, Some(last)) => self.too_late(last),
            _ => error,
        })
    }

    async fn renew(&self, refused: &Arc<DatabaseCredential>) -> Result<Arc<DatabaseCredential>> {
        tracing::debug!(host = %self.info.host, "the login was refused, minting another credential");
        self.info.cache.replace(refused).await
    }

    fn is_young(&self) -> bool {
        let age = self.made.map(|made| (Utc::now() - made).to_std().unwrap_or_default());
        age.is_some_and(|age| age < YOUNG)
    }

    fn doing(&self) -> String {
        format!("connecting to {} as {}", self.info.host, self.info.user)
    }

    fn refused(&self, error: sqlx::Error) -> Error {
        let (kind, message) = match &error {
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
        Error::new(kind, message).with_source(error).doing(self.doing())
    }

    fn too_late(&self, last: sqlx::Error) -> Error {
        let message =
            format!("PostgreSQL did not accept the connection within {} s", self.limit.as_secs_f64());
        Error::new(ErrorKind::Timeout, message).with_source(last).doing(self.doing())
    }
}

#[cfg(test)]
pub(super) mod tests;
