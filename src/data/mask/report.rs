//! Findings of a check.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of a finding.
///
/// ```
/// fn show(kind: lakebase::data::mask::FindingKind) {
///     println!("{kind:?}");
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// It looks personal and has no rule.
    Personal,
    /// A rule names a table or column that is not there.
    Unknown,
    /// A rule cannot be applied to its column.
    Unfit,
    /// Something in the database that masking cannot deal with.
    Unsupported,
}

/// One reason for which a database is not masked.
///
/// ```
/// fn show(finding: &lakebase::data::mask::Finding) {
///     println!("{}: {}", finding.object, finding.reason);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// The kind.
    pub kind: FindingKind,
    /// A column as `schema.table.column`, or another object by the name under which it is waived.
    pub object: String,
    /// The reason and its remedy.
    pub reason: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.reason)
    }
}

/// The result of a check: no finding where the rules can be applied and cover what looks personal.
///
/// ```
/// let report = lakebase::data::mask::Report::default();
/// assert!(report.is_clean());
/// assert_eq!(report.to_string(), "nothing found");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// All findings, those about rules first.
    pub findings: Vec<Finding>,
    /// Tables with rows that are not masked because they belong to extensions, as `table public.t of extension e`. One
    /// that looks personal is a finding unless this name is waived.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmasked: Vec<String>,
}

impl Report {
    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    pub(super) fn add(&mut self, kind: FindingKind, object: impl Into<String>, reason: impl Into<String>) {
        self.findings.push(Finding { kind, object: object.into(), reason: reason.into() });
    }

    /// Adds the findings about another database.
    pub(crate) fn add_of(&mut self, database: &str, other: Self) {
        let named =
            |finding: Finding| Finding { object: format!("{database}: {}", finding.object), ..finding };
        self.findings.extend(other.findings.into_iter().map(named));
        self.unmasked.extend(other.unmasked.into_iter().map(|table| format!("{database}: {table}")));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_clean() {
            f.write_str("nothing found")?;
        }
        for (at, finding) in self.findings.iter().enumerate() {
            write!(f, "{}{finding}", if at == 0 { "" } else { "\n" })?;
        }
        self.unmasked.iter().try_for_each(|table| write!(f, "\n{table}: not masked"))
    }
}
