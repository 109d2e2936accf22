//! Reasons why a segment of a migration did not complete.

use crate::{
    error::Error,
    migrate::{failure, report::StatementReport},
};

/// A statement that failed, or at which the connection was lost.
pub(super) struct Interruption {
    /// The index of the statement.
    pub(super) at: usize,
    pub(super) error: sqlx::Error,
    /// Set where the connection was lost while PostgreSQL may have been committing.
    pub(super) in_doubt: Option<InDoubt>,
}

/// Statements that may be committed or not.
pub(super) struct InDoubt {
    pub(super) statements: usize,
    /// The results of the statements, where all were received and only the commit or its record was not.
    pub(super) reports: Option<Vec<StatementReport>>,
    /// The reason why a new connection could not determine it.
    pub(super) unresolved: Option<Error>,
}

impl InDoubt {
    /// `None` where the error is PostgreSQL's answer, so that the outcome is known.
    pub(super) fn after(
        error: &sqlx::Error,
        statements: usize,
        reports: Option<Vec<StatementReport>>,
    ) -> Option<Self> {
        failure::is_lost(error).then_some(Self { statements, reports, unresolved: None })
    }
}
