//! Typed views of catalog objects: the attributes of a kind by their meaning, over the compact rows.

mod column;
mod constraint;
mod kinds;

pub(in crate::schema) use column::{Column, Generated};
pub(in crate::schema) use constraint::{Constraint, ConstraintKind};
pub(in crate::schema) use kinds::{Composite, Enum, Index, Policy, Routine, Sequence, Table};

use super::Object;

impl Object<'_> {
    /// The kind of the constraint that this is, if it is one.
    pub(in crate::schema) fn constraint_kind(&self) -> Option<ConstraintKind> {
        Constraint::of(*self)?.kind()
    }

    /// Whether this is a generated column.
    pub(in crate::schema) fn is_generated(&self) -> bool {
        Column::of(*self).is_some_and(|column| column.generated().is_some())
    }
}
