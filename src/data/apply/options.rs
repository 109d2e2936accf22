//! The policy of applying rows.

use serde::{Deserialize, Serialize};

/// The treatment of rows of the target that are not in the state that the difference was made for.
///
/// ```
/// use lakebase::data::{ApplyOptions, ConflictPolicy};
///
/// let options = ApplyOptions::default().conflicts(ConflictPolicy::Theirs);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConflictPolicy {
    /// Nothing is applied.
    #[default]
    Refuse,
    /// The row of the difference replaces that of the target.
    Ours,
    /// The row of the target stays as it is.
    Theirs,
}

/// Whether the triggers of the target's tables fire.
///
/// ```
/// use lakebase::data::{ApplyOptions, Triggers};
///
/// let options = ApplyOptions::default().triggers(Triggers::Skip);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Triggers {
    /// They fire as for any other statement.
    #[default]
    Fire,
    /// They are disabled until the end of the transaction, which only the owner of a table may do. Foreign keys are
    /// checked nevertheless.
    Skip,
}

/// The way to apply a difference: by default all or nothing, with triggers.
///
/// ```
/// let options = lakebase::data::ApplyOptions::default().dry_run(true);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApplyOptions {
    pub(super) conflicts: ConflictPolicy,
    pub(super) triggers: Triggers,
    pub(super) dry_run: bool,
}

impl ApplyOptions {
    /// The treatment of rows that changed on the target. Default: [`ConflictPolicy::Refuse`].
    #[must_use]
    pub fn conflicts(mut self, policy: ConflictPolicy) -> Self {
        self.conflicts = policy;
        self
    }

    /// Whether triggers fire. Default: [`Triggers::Fire`].
    #[must_use]
    pub fn triggers(mut self, triggers: Triggers) -> Self {
        self.triggers = triggers;
        self
    }

    /// Whether everything is rolled back after it was tried, constraints included. Off by default.
    #[must_use]
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }
}
