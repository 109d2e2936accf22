//! Renames: certain between physical copies, hints elsewhere.

use super::diff::{Change, RenameHint};
use super::model::{Key, Schema};

/// An object that has another name in the new schema.
#[derive(Clone, Debug)]
pub(super) struct Rename {
    pub(super) before: Key,
    pub(super) after: Key,
}

/// The old schema under its new names, and the renames.
pub(super) fn certain(old: &Schema, _new: &Schema) -> (Schema, Vec<Rename>) {
    (old.clone(), Vec::new())
}

/// Removed and added objects of one kind that have the same attributes.
pub(super) fn likely(_old: &Schema, _new: &Schema, _changes: &[Change]) -> Vec<RenameHint> {
    Vec::new()
}

impl Rename {
    pub(super) fn statement(&self) -> super::statement::Statement {
        super::statement::Statement::new(format!("-- {} → {}", self.before, self.after))
    }
}
