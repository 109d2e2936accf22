//! The failure of a migration: statement, position, cause and the state of the migration.

use std::fmt;

use serde::Serialize;
use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

use super::{
    migration::Migration,
    report::{ApplyReport, Outcome},
    statements::{MigrationStatement, Position},
    text_table,
};
use crate::error::{DatabaseError, Error, ErrorKind};

/// Details of a failed migration: the source of the [`Error`] that [`apply`](super::apply()) and the requests that
/// apply return.
///
/// ```
/// # fn show(error: lakebase::Error) {
/// use lakebase::migrate::Failure;
///
/// if let Some(failure) = Failure::of(&error) {
///     println!("line {}: {}", failure.line, failure.outcome);
/// }
/// # }
/// ```
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Failure {
    /// The id of the migration.
    pub migration: String,
    /// The statement that failed.
    pub statement: String,
    /// The number of that statement, from 1.
    pub number: usize,
    /// The line of the error: the position that PostgreSQL reports, else the start of the statement.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// PostgreSQL's message.
    pub message: String,
    /// PostgreSQL's detail.
    pub detail: Option<String>,
    /// PostgreSQL's hint, or one of this crate.
    pub hint: Option<String>,
    /// The state in which the migration was left.
    pub outcome: Outcome,
    /// Invalid indexes that the failed statement left behind, each to be dropped before trying again.
    pub invalid_indexes: Vec<String>,
    /// After a lock timeout: descriptions of the holders of locks on the relations that the statement names.
    pub holders: Vec<String>,
    /// Where the connection was lost during a commit and a new one could not resolve its outcome: the reason.
    pub unresolved: Option<String>,
    /// The migrations up to and including the failed one.
    pub report: ApplyReport,
    #[serde(skip)]
    source: DatabaseError,
}

impl Failure {
    /// The details behind an error, where it is one of a failed migration.
    pub fn of(error: &Error) -> Option<&Self> {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = next {
            if let Some(failure) = error.downcast_ref() {
                return Some(failure);
            }
            next = error.source();
        }
        None
    }

    pub(super) fn new(
        migration: &Migration,
        number: usize,
        statement: &MigrationStatement,
        outcome: Outcome,
        source: sqlx::Error,
    ) -> Self {
        let answer = database_error(&source);
        let position = match answer.and_then(PgDatabaseError::position) {
            Some(PgErrorPosition::Original(nth)) => statement.position_of(nth),
            _ => Position { line: statement.line(), column: statement.column() },
        };
        let own = |text: Option<&str>| text.map(str::to_owned);
        Self {
            migration: migration.id().to_owned(),
            statement: statement.text().to_owned(),
            number,
            line: position.line,
            column: position.column,
            message: answer.map_or_else(|| source.to_string(), |answer| answer.message().to_owned()),
            detail: own(answer.and_then(PgDatabaseError::detail)),
            hint: own(answer.and_then(PgDatabaseError::hint)).or_else(|| own(hint_for(&source))),
            outcome,
            invalid_indexes: Vec::new(),
            holders: Vec::new(),
            unresolved: None,
            report: ApplyReport::default(),
            source: source.into(),
        }
    }

    pub(super) fn is_lock_timeout(&self) -> bool {
        is_lock_timeout(self.source.as_sqlx())
    }

    /// Converts into the error of the crate, whose message is one line with all details.
    pub(super) fn into_error(self, migration: &Migration) -> Error {
        let mut text = format!(
            "{} failed at statement {} (line {}, column {}): {}",
            migration.label(),
            self.number,
            self.line,
            self.column,
            self.message
        );
        let code = self.source.sqlstate();
        text += &code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
        text += &self.detail.as_ref().map(|detail| format!("; detail: {detail}")).unwrap_or_default();
        text += &self.hint.as_ref().map(|hint| format!("; hint: {hint}")).unwrap_or_default();
        text += &format!("; statement: {}", text_table::shortened(&self.statement, 200));
        for holder in &self.holders {
            text += &format!("; held by {holder}");
        }
        text += &format!("; {}", self.outcome);
        if let Some(why) = &self.unresolved {
            text += &format!("; its outcome could not be resolved: {why}");
        }
        for index in &self.invalid_indexes {
            text += &format!("; it left the invalid index {index}: drop it before trying again");
        }
        let kind = if is_lock_timeout(self.source.as_sqlx()) { ErrorKind::Busy } else { ErrorKind::Database };
        let kind = if is_lost(self.source.as_sqlx()) { ErrorKind::Connect } else { kind };
        Error::new(kind, text).with_sqlstate(self.source.sqlstate()).with_source(self)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {} of migration '{}'", self.number, self.migration)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The line above has PostgreSQL's message already.
        std::error::Error::source(&self.source)
    }
}

fn database_error(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

pub(super) fn sqlstate(error: &sqlx::Error) -> Option<&str> {
    database_error(error).map(PgDatabaseError::code)
}

fn is_lock_timeout(error: &sqlx::Error) -> bool {
    sqlstate(error) == Some("55P03")
}

/// Whether a retry may succeed: the transaction timed out on a lock, was a deadlock victim, or could not be serialized.
pub(super) fn is_transient(error: &sqlx::Error) -> bool {
    matches!(sqlstate(error), Some("55P03" | "40P01" | "40001"))
}

/// Whether the connection is lost, so that the outcome of the last command is unknown.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    match sqlstate(error) {
        Some(code) => {
            code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03" | "57P05" | "25P03")
        }
        None => matches!(
            error,
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed
        ),
    }
}

fn hint_for(error: &sqlx::Error) -> Option<&'static str> {
    match sqlstate(error)? {
        "55P03" => Some(
            "another session holds a lock on the table; try again at a quieter time, or end the session (pg_locks, \
             pg_blocking_pids)",
        ),
        "25001" => Some(
            "the statement cannot run in a transaction; make '-- no-transaction' the first line of the migration, and \
             each of its statements runs by itself",
        ),
        "2D000" => {
            Some("a procedure that commits needs '-- no-transaction' as the first line of the migration")
        }
        "55P04" => Some(
            "a new enum value cannot be used in the transaction that adds it; put its use into a migration of its own",
        ),
        _ => None,
    }
}
