//! Columns of tables.

use crate::schema::model::{Attr, Kind, Object};

/// The expression of a generated column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schema) enum Generated<'a> {
    Stored(&'a str),
    Virtual(&'a str),
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(in crate::schema) struct Column<'a>(Object<'a>);

impl<'a> Column<'a> {
    /// The column that an object is, if it is one.
    pub(in crate::schema) fn of(object: Object<'a>) -> Option<Self> {
        (object.key.kind == Kind::Column).then_some(Self(object))
    }

    /// An object whose kind is known to be a column.
    pub(in crate::schema) fn new(object: &Object<'a>) -> Self {
        Self(*object)
    }

    pub(in crate::schema) fn name(self) -> &'a str {
        self.0.text(Attr::Name)
    }

    pub(in crate::schema) fn data_type(self) -> &'a str {
        self.0.text(Attr::Type)
    }

    pub(in crate::schema) fn collation(self) -> Option<&'a str> {
        self.0.get(Attr::Collation)
    }

    pub(in crate::schema) fn compression(self) -> Option<&'a str> {
        self.0.get(Attr::Compression)
    }

    pub(in crate::schema) fn generated(self) -> Option<Generated<'a>> {
        let stored = self.0.get(Attr::Generated).map(Generated::Stored);
        stored.or_else(|| self.0.get(Attr::GeneratedVirtual).map(Generated::Virtual))
    }

    /// Whether the values of a generated column are stored.
    pub(in crate::schema) fn is_stored(self) -> bool {
        matches!(self.generated(), Some(Generated::Stored(_)))
    }

    pub(in crate::schema) fn is_identity(self) -> bool {
        self.0.has(Attr::Identity)
    }

    /// `ALWAYS` or `BY DEFAULT`, for an identity with its own sequence: since 17 a partition has the identity of its
    /// parent, with the parent's sequence.
    pub(in crate::schema) fn own_identity(self) -> Option<String> {
        self.0.get(Attr::Identity).filter(|_| self.0.has(Attr::IdentitySequence)).map(str::to_uppercase)
    }

    pub(in crate::schema) fn is_not_null(self) -> bool {
        self.0.has(Attr::NotNull)
    }
}
