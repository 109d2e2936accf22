//! Constraints of tables.

use crate::schema::model::{Attr, Kind, Object};

/// The kind of a table constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schema) enum ConstraintKind {
    PrimaryKey,
    Unique,
    ForeignKey,
    Check,
    Exclusion,
}

/// A table constraint.
#[derive(Clone, Copy, Debug)]
pub(in crate::schema) struct Constraint<'a>(Object<'a>);

impl<'a> Constraint<'a> {
    /// The constraint that an object is, if it is one.
    pub(in crate::schema) fn of(object: Object<'a>) -> Option<Self> {
        (object.key.kind == Kind::Constraint).then_some(Self(object))
    }

    /// None for a kind that is not compared, which only a forged record can hold.
    pub(in crate::schema) fn kind(self) -> Option<ConstraintKind> {
        match self.0.text(Attr::Type) {
            "primary key" => Some(ConstraintKind::PrimaryKey),
            "unique" => Some(ConstraintKind::Unique),
            "foreign key" => Some(ConstraintKind::ForeignKey),
            "check" => Some(ConstraintKind::Check),
            "exclusion" => Some(ConstraintKind::Exclusion),
            _ => None,
        }
    }

    pub(in crate::schema) fn is_foreign_key(self) -> bool {
        self.kind() == Some(ConstraintKind::ForeignKey)
    }

    /// Whether it is a primary key or a unique constraint.
    pub(in crate::schema) fn is_unique_key(self) -> bool {
        matches!(self.kind(), Some(ConstraintKind::PrimaryKey | ConstraintKind::Unique))
    }

    /// Whether an index enforces it.
    pub(in crate::schema) fn has_index(self) -> bool {
        self.is_unique_key() || self.kind() == Some(ConstraintKind::Exclusion)
    }

    /// Whether a check constraint comes from a parent table.
    pub(in crate::schema) fn is_inherited_check(self) -> bool {
        self.0.has(Attr::Inherited) && self.kind() == Some(ConstraintKind::Check)
    }
}
