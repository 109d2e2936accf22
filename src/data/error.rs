//! Errors of comparing and changing rows.

use std::fmt;

use serde::Serialize;

use super::{change::ChangeKind, mask::Report};
use crate::{
    error::{DatabaseError, Error, ErrorKind},
    schema::SchemaError,
};

/// An error of reading, comparing or applying rows.
///
/// ```
/// fn show(error: &lakebase::data::DataError) {
///     eprintln!("{error}");
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A query failed.
    #[error("reading {what}")]
    Read {
        /// The catalog or the rows being read.
        what: String,
        /// The error of the server or connection.
        source: DatabaseError,
    },
    /// The schemas could not be compared, which is needed to follow renamed columns.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// An answer of the server cannot be understood.
    #[error("reading {what}: unexpected answer: {answer}")]
    Answer {
        /// The catalog or the rows being read.
        what: String,
        /// The answer or the reason why it is not understood.
        answer: String,
    },
    /// The server is too old to be read.
    #[error("PostgreSQL {version} is not supported: data comparison needs version 15 or later")]
    UnsupportedVersion {
        /// The server's version, such as `14.2`.
        version: String,
    },
    /// A chosen table or column is in neither database.
    #[error(
        "{name} is a table or column of neither database: name it as table, schema.table or table.column"
    )]
    UnknownName {
        /// The name as it was given.
        name: String,
    },
    /// The difference does not hold every row, so that it cannot be applied.
    #[error("{table}: only {kept} of {total} changed rows were kept: compare again with a higher row limit")]
    Incomplete {
        /// The table.
        table: String,
        /// The number of rows that the difference holds.
        kept: u64,
        /// The number of rows that differ.
        total: u64,
    },
    /// A table of the difference is not in the target database.
    #[error("{table} is not in the target database")]
    NoTable {
        /// The table.
        table: String,
    },
    /// Rows of the target are not in the state that the difference was made for. Nothing was changed.
    #[error(
        "{total} rows of the target changed since the comparison, nothing was applied; the first is {first}: \
             compare again or choose a conflict policy"
    )]
    Conflicts {
        /// The number of rows.
        total: u64,
        /// The first one.
        first: RowConflict,
    },
    /// A statement failed. Nothing was changed.
    #[error("applying rows to {table}, nothing was changed")]
    Apply {
        /// The table.
        table: String,
        /// The error of the server or connection.
        source: DatabaseError,
    },
    /// Rules of masks cannot be understood.
    #[error("reading the rules of masks: {reason}")]
    MaskRules {
        /// The reason, with the place in the text.
        reason: String,
    },
    /// Rules cannot be applied, or do not cover what looks personal. Nothing was changed.
    #[error("{} reasons not to mask the database, nothing was changed:\n{report}", report.findings.len())]
    MaskRefused {
        /// All reasons.
        report: Box<Report>,
    },
    /// A statement of a masking failed: the database is in between and must be removed. There are no values in the text.
    #[error("masking {what}: {reason}")]
    Mask {
        /// The table or the objects.
        what: String,
        /// The reason, without the details in which PostgreSQL shows values.
        reason: String,
        /// The SQLSTATE of the server's error.
        sqlstate: Option<String>,
    },
}

/// One row of the target that is not in the state that the difference was made for.
///
/// ```
/// fn show(conflict: &lakebase::data::RowConflict) {
///     eprintln!("{conflict}");
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RowConflict {
    /// The table.
    pub table: String,
    /// The key of the row as `column = value`; the whole row where the table has no key.
    pub key: String,
    /// The change that cannot be made.
    pub change: ChangeKind,
}

impl fmt::Display for RowConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.table, self.key)
    }
}

impl DataError {
    pub(super) fn read(what: impl Into<String>, source: sqlx::Error) -> Self {
        Self::Read { what: what.into(), source: source.into() }
    }

    /// Leaves out the detail of the server's error, which may show a row.
    pub(super) fn mask(what: impl Into<String>, source: &sqlx::Error) -> Self {
        let (reason, sqlstate) = match source {
            sqlx::Error::Database(error) => {
                let constraint = error.constraint().map(|name| format!(" (constraint {name})"));
                let code = error.code().map(std::borrow::Cow::into_owned);
                (format!("{}{}", error.message(), constraint.unwrap_or_default()), code)
            }
            other => (other.to_string(), None),
        };
        Self::Mask { what: what.into(), reason, sqlstate }
    }

    pub(super) fn answer(what: impl Into<String>, answer: impl fmt::Display) -> Self {
        Self::Answer { what: what.into(), answer: answer.to_string() }
    }
}

impl From<DataError> for Error {
    fn from(error: DataError) -> Self {
        let kind = match &error {
            DataError::Schema(_) => {
                let DataError::Schema(error) = error else { return Self::wrap(ErrorKind::Database, error) };
                return error.into();
            }
            DataError::Read { .. } | DataError::Apply { .. } | DataError::Mask { .. } => ErrorKind::Database,
            DataError::Answer { .. } => ErrorKind::Protocol,
            DataError::UnsupportedVersion { .. } => ErrorKind::Unsupported,
            DataError::UnknownName { .. } | DataError::Incomplete { .. } | DataError::MaskRules { .. } => {
                ErrorKind::Invalid
            }
            DataError::NoTable { .. } => ErrorKind::NotFound,
            DataError::Conflicts { .. } | DataError::MaskRefused { .. } => ErrorKind::FailedPrecondition,
        };
        let code = match &error {
            DataError::Read { source, .. } | DataError::Apply { source, .. } => source.sqlstate(),
            DataError::Mask { sqlstate, .. } => sqlstate.clone(),
            _ => None,
        };
        Self::wrap(kind, error).with_sqlstate(code)
    }
}
