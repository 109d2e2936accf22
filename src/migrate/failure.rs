//! Why a migration failed, where, and what is left of it.

use std::fmt;

use serde::Serialize;
use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

use super::{
    migration::Migration,
    report::{ApplyReport, Outcome},
    statements::{Place, Statement},
    table,
};
use crate::error::{DatabaseError, Error, ErrorKind};

/// The facts of a failed migration: the source of the [`Error`] that [`apply`](super::apply) and its like return.
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
    /// Which one it was, from 1.
    pub number: usize,
    /// The line of the fault: the place that PostgreSQL points at, else where the statement starts.
    pub line: usize,
    /// The character in that line, from 1.
    pub column: usize,
    /// PostgreSQL's message.
    pub message: String,
    /// PostgreSQL's detail.
    pub detail: Option<String>,
    /// PostgreSQL's hint, or ours.
    pub hint: Option<String>,
    /// What is left of the migration.
    pub outcome: Outcome,
    /// Invalid indexes that the failed statement left behind, each to be dropped before trying again.
    pub invalid_indexes: Vec<String>,
    /// Where a lock could not be had: who held locks on the relations that the statement names, in words.
    pub holders: Vec<String>,
    /// Where the connection was lost and looking again was of no use: why.
    pub unsettled: Option<String>,
    /// What had been done before, the failed migration last.
    pub report: ApplyReport,
    #[serde(skip)]
    source: DatabaseError,
}

impl Failure {
    /// The facts behind an error, if it tells of a failed migration.
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
        statement: &Statement,
        outcome: Outcome,
        source: sqlx::Error,
    ) -> Self {
        let refusal = refusal(&source);
        let place = match refusal.and_then(PgDatabaseError::position) {
            Some(PgErrorPosition::Original(nth)) => statement.place_of(nth),
            _ => Place { line: statement.line(), column: statement.column() },
        };
        let own = |text: Option<&str>| text.map(str::to_owned);
        Self {
            migration: migration.id().to_owned(),
            statement: statement.text().to_owned(),
            number,
            line: place.line,
            column: place.column,
            message: refusal.map_or_else(|| source.to_string(), |refusal| refusal.message().to_owned()),
            detail: own(refusal.and_then(PgDatabaseError::detail)),
            hint: own(refusal.and_then(PgDatabaseError::hint)).or_else(|| own(our_hint(&source))),
            outcome,
            invalid_indexes: Vec::new(),
            holders: Vec::new(),
            unsettled: None,
            report: ApplyReport::default(),
            source: source.into(),
        }
    }

    pub(super) fn is_lock_timeout(&self) -> bool {
        is_lock_timeout(self.source.as_sqlx())
    }

    /// The error of the crate: one line with all that a person needs.
    pub(super) fn into_error(self, migration: &Migration) -> Error {
        let mut text = format!(
            "{} failed at statement {} (line {}, column {}): {}",
            migration.called(),
            self.number,
            self.line,
            self.column,
            self.message
        );
        let code = self.source.sqlstate();
        text += &code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
        text += &self.detail.as_ref().map(|detail| format!("; detail: {detail}")).unwrap_or_default();
        text += &self.hint.as_ref().map(|hint| format!("; hint: {hint}")).unwrap_or_default();
        text += &format!("; statement: {}", table::shortened(&self.statement, 200));
        for holder in &self.holders {
            text += &format!("; held by {holder}");
        }
        text += &format!("; {}", self.outcome);
        if let Some(why) = &self.unsettled {
            text += &format!("; looking again did not help: {why}");
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
        // PostgreSQL's message is part of the line above already.
        std::error::Error::source(&self.source)
    }
}

fn refusal(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

pub(super) fn sqlstate(error: &sqlx::Error) -> Option<&str> {
    refusal(error).map(PgDatabaseError::code)
}

fn is_lock_timeout(error: &sqlx::Error) -> bool {
    sqlstate(error) == Some("55P03")
}

/// Whether the same transaction may go through a little later: it found a lock taken, or lost against another one.
pub(super) fn is_passing(error: &sqlx::Error) -> bool {
    matches!(sqlstate(error), Some("55P03" | "40P01" | "40001"))
}

/// Whether there is no connection any more, so that what PostgreSQL did last is not known.
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

fn our_hint(error: &sqlx::Error) -> Option<&'static str> {
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
