//! The statements of a plan, with the locks that they take.

use std::fmt;

use serde::Serialize;

use super::hazard::{Hazard, HazardKind};

/// The lock a statement takes on a relation, weakest first.
///
/// ```
/// use lakebase::schema::LockMode;
/// assert!(LockMode::AccessExclusive > LockMode::Share);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LockMode {
    /// `ACCESS SHARE`
    AccessShare,
    /// `ROW SHARE`
    RowShare,
    /// `ROW EXCLUSIVE`
    RowExclusive,
    /// `SHARE UPDATE EXCLUSIVE`: reads and writes go on.
    ShareUpdateExclusive,
    /// `SHARE`: reads go on, writes wait.
    Share,
    /// `SHARE ROW EXCLUSIVE`: reads go on, writes wait.
    ShareRowExclusive,
    /// `EXCLUSIVE`
    Exclusive,
    /// `ACCESS EXCLUSIVE`: reads and writes wait.
    AccessExclusive,
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::RowShare => "ROW SHARE",
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        })
    }
}

/// A lock a statement takes.
///
/// ```
/// fn show(lock: &lakebase::schema::Lock) {
///     println!("{} on {}", lock.mode, lock.relation);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Lock {
    /// The relation that is locked, quoted.
    pub relation: String,
    /// The lock mode.
    pub mode: LockMode,
}

/// One statement of a plan.
///
/// ```
/// fn show(statement: &lakebase::schema::Statement) {
///     println!("{};", statement.sql);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Statement {
    /// The SQL, without a semicolon at its end.
    pub sql: String,
    /// Whether it runs inside a transaction.
    pub transactional: bool,
    /// The locks it takes on relations that existed before the plan.
    pub locks: Vec<Lock>,
    /// The risks of running it.
    pub hazards: Vec<Hazard>,
    /// The phase in which it runs.
    #[serde(skip)]
    pub(super) phase: Phase,
}

/// The phase in which a statement runs. Statements of one phase share a transaction where their order allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) enum Phase {
    /// Drops event triggers that would fire at, or forbid, the statements of the plan.
    DropEventTriggers,
    /// Must be committed before it can be used, such as a new value of an enum.
    Early,
    /// Quick statements.
    #[default]
    Main,
    /// Cannot run in a transaction.
    Concurrent,
    /// Scans under a weak lock once the main part is committed.
    Validate,
    /// Relies on a finished validation.
    Finish,
    /// Cannot run in a transaction and runs last.
    Cleanup,
    /// Creates event triggers, once no statement of the plan can fire them.
    CreateEventTriggers,
}

impl Statement {
    pub(super) fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            transactional: true,
            locks: Vec::new(),
            hazards: Vec::new(),
            phase: Phase::Main,
        }
    }

    pub(super) fn lock(mut self, relation: &str, mode: LockMode) -> Self {
        self.locks.push(Lock { relation: relation.to_owned(), mode });
        self
    }

    pub(super) fn exclusive(self, relation: &str) -> Self {
        self.lock(relation, LockMode::AccessExclusive)
    }

    pub(super) fn hazard(mut self, kind: HazardKind, relation: &str, why: impl Into<String>) -> Self {
        self.hazards.push(Hazard { kind, relation: relation.to_owned(), reason: why.into() });
        self
    }

    pub(super) fn at(mut self, phase: Phase) -> Self {
        self.phase = phase;
        if matches!(phase, Phase::Concurrent | Phase::Cleanup) {
            self.transactional = false;
        }
        self
    }
}
