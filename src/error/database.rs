//! The error of the database driver, printed without repeating its cause.

use std::{error::Error as StdError, fmt};

use super::{Error, ErrorKind};

/// An error of the database driver: what the server answered, or why it was not reached.
///
/// It prints PostgreSQL's message and SQLSTATE. [`as_sqlx`](Self::as_sqlx) is the driver's own error, which repeats its
/// cause when both are printed.
///
/// ```
/// let error = lakebase::error::DatabaseError::from(sqlx::Error::PoolTimedOut);
/// assert_eq!(error.sqlstate(), None);
/// ```
#[derive(Debug)]
pub struct DatabaseError(sqlx::Error);

impl DatabaseError {
    /// The SQLSTATE of the server's answer.
    pub fn sqlstate(&self) -> Option<String> {
        Some(self.0.as_database_error()?.code()?.into_owned())
    }

    /// The driver's own error.
    pub fn as_sqlx(&self) -> &sqlx::Error {
        &self.0
    }

    fn kind(&self) -> ErrorKind {
        match &self.0 {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) => ErrorKind::Connect,
            sqlx::Error::PoolTimedOut => ErrorKind::Timeout,
            _ => ErrorKind::Database,
        }
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(answer) = self.0.as_database_error() {
            f.write_str(answer.message())?;
            return answer.code().map_or(Ok(()), |code| write!(f, " ({code})"));
        }
        // The driver ends its own line with that of its cause.
        let line = self.0.to_string();
        let cause = self.0.source().map(ToString::to_string).unwrap_or_default();
        let own = line.strip_suffix(&cause).filter(|_| !cause.is_empty()).unwrap_or(&line);
        f.write_str(own.trim_end().trim_end_matches(':'))
    }
}

impl StdError for DatabaseError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.0.as_database_error() {
            Some(_) => None,
            None => self.0.source(),
        }
    }
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        Self(error)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        DatabaseError(error).into()
    }
}

impl From<DatabaseError> for Error {
    fn from(error: DatabaseError) -> Self {
        Self::wrap(error.kind(), error)
    }
}
