//! The statements of a plan, with their locks and hazards.

use std::fmt;

use serde::Serialize;

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

/// A risk of a statement.
///
/// ```
/// use lakebase::schema::HazardKind;
/// assert_eq!(HazardKind::DataLoss.to_string(), "data loss");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HazardKind {
    /// Rows, values or positions are deleted.
    DataLoss,
    /// A table is rewritten under a lock that blocks readers.
    TableRewrite,
    /// A whole table is scanned under a lock that blocks others.
    ScanUnderLock,
    /// The statement fails if existing rows violate the new definition.
    MayFailOnData,
    /// Clients that use the old schema may fail.
    BreaksClients,
    /// Privileges, policies or owners change.
    Authorization,
    /// For some time a constraint is not enforced, or an index or another object is missing.
    Window,
    /// The statement cannot run in a transaction; after a failure, earlier statements stay committed.
    NotTransactional,
}

impl fmt::Display for HazardKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DataLoss => "data loss",
            Self::TableRewrite => "table rewrite",
            Self::ScanUnderLock => "scan under lock",
            Self::MayFailOnData => "may fail on existing data",
            Self::BreaksClients => "breaks running clients",
            Self::Authorization => "authorization change",
            Self::Window => "window without it",
            Self::NotTransactional => "not in a transaction",
        })
    }
}

/// A hazard of one statement for one relation.
///
/// ```
/// fn show(hazard: &lakebase::schema::Hazard) {
///     println!("{hazard}");
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Hazard {
    /// The risk.
    pub kind: HazardKind,
    /// The affected relation or object.
    pub relation: String,
    /// A short reason.
    pub why: String,
}

impl fmt::Display for Hazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}: {}", self.kind, self.relation, self.why)
    }
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
    Disarm,
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
    Arm,
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
        self.hazards.push(Hazard { kind, relation: relation.to_owned(), why: why.into() });
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
