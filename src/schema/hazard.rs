//! Hazards: the risks of running a statement, each with its relation and reason.

use std::fmt;

use serde::Serialize;

/// A risk of a statement, decided where the statement is written (`ddl`).
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
    TemporarilyMissing,
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
            Self::TemporarilyMissing => "temporarily missing",
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
    pub reason: String,
}

impl fmt::Display for Hazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}: {}", self.kind, self.relation, self.reason)
    }
}
