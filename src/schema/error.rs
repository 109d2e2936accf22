//! Errors of reading, planning and changing schemas.

use std::fmt;

use serde::Serialize;

use super::model::Fingerprint;
use crate::error::{DatabaseError, Error, ErrorKind};

/// An error of reading a schema or applying a plan.
///
/// ```
/// fn show(error: &lakebase::schema::SchemaError) {
///     eprintln!("{error}");
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// A catalog query failed.
    #[error("reading {what} from the catalog")]
    Read {
        /// The catalog or objects being read.
        what: &'static str,
        /// The error of the server or connection.
        source: DatabaseError,
    },
    /// The role may not read a catalog. Catalogs are readable by every role unless that privilege was revoked.
    #[error(
        "reading {what} from the catalog: {message}: grant the role SELECT on it or read as another role"
    )]
    Denied {
        /// The catalog or objects being read.
        what: &'static str,
        /// The server's error, which names the catalog.
        message: String,
        /// The server's complete error.
        answer: DatabaseError,
    },
    /// The server is too old to be read.
    #[error("PostgreSQL {version} is not supported: schema comparison needs version 15 or later")]
    UnsupportedVersion {
        /// The server's version, such as `14.2`.
        version: String,
    },
    /// The connected database is not in the state the plan was made for.
    #[error(
        "the plan was made for schema {expected}, the connected database has {found}: compare again and plan anew"
    )]
    OtherSchema {
        /// The fingerprint the plan was made for.
        expected: Fingerprint,
        /// The fingerprint of the connected database.
        found: Fingerprint,
    },
    /// A statement of a plan failed. Transactions before it are committed.
    #[error("statement {number} of {total} failed, {committed} statements before it are committed: {sql}")]
    Statement {
        /// The number of the statement, from 1.
        number: usize,
        /// The number of statements in the plan.
        total: usize,
        /// The number of committed statements.
        committed: usize,
        /// The statement.
        sql: String,
        /// The error of the server or connection.
        source: DatabaseError,
    },
    /// The plan ran, and the resulting schema differs from the target.
    #[error("the plan ran, yet the schema is now {found} and not {expected}")]
    NotReached {
        /// The fingerprint of the target.
        expected: Fingerprint,
        /// The fingerprint of the resulting schema.
        found: Fingerprint,
    },
}

impl SchemaError {
    pub(super) fn read(what: &'static str, source: sqlx::Error) -> Self {
        let denied = source.as_database_error().filter(|e| e.code().as_deref() == Some("42501"));
        match denied.map(|e| e.message().to_owned()) {
            Some(message) => Self::Denied { what, message, answer: source.into() },
            None => Self::Read { what, source: source.into() },
        }
    }
}

/// One reason why a plan is refused.
///
/// ```
/// fn show(refusal: &lakebase::schema::Refusal) {
///     eprintln!("{}: {}", refusal.object, refusal.reason);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Refusal {
    /// The object that cannot be planned.
    pub object: String,
    /// The reason.
    pub reason: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.reason)
    }
}

/// The reasons why no plan could be made.
///
/// ```
/// fn show(error: &lakebase::schema::PlanError) {
///     eprintln!("{error}");
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Some of the differences cannot be planned; nothing is planned then.
    #[error("no plan: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Refusal>),
    /// The statements depend on each other in a cycle.
    #[error("no plan: these statements need each other first: {}", .0.join(" → "))]
    Cycle(Vec<String>),
}

impl From<SchemaError> for Error {
    fn from(error: SchemaError) -> Self {
        let kind = match &error {
            SchemaError::Read { .. } | SchemaError::Denied { .. } | SchemaError::Statement { .. } => {
                ErrorKind::Database
            }
            SchemaError::UnsupportedVersion { .. } => ErrorKind::Unsupported,
            SchemaError::OtherSchema { .. } => ErrorKind::FailedPrecondition,
            SchemaError::NotReached { .. } => ErrorKind::Mismatch,
        };
        let code = match &error {
            SchemaError::Denied { answer, .. } => answer.sqlstate(),
            SchemaError::Statement { source, .. } | SchemaError::Read { source, .. } => source.sqlstate(),
            _ => None,
        };
        Self::wrap(kind, error).with_sqlstate(code)
    }
}

impl From<PlanError> for Error {
    fn from(error: PlanError) -> Self {
        Self::wrap(ErrorKind::Refused, error)
    }
}
