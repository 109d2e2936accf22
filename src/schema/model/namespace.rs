//! Namespaces, and the names that objects occupy in them.

use std::collections::HashSet;

use super::{Attr, Constraint, Kind, Object, Schema};
use crate::sql::last_part;

/// A namespace within a schema: no two objects in it share a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::schema) enum Namespace {
    Relations,
    Types,
    Routines,
    /// The objects of one kind.
    Own(Kind),
}

/// The qualified names that an object occupies, each with its namespace.
pub(in crate::schema) fn occupied(object: &Object<'_>) -> Vec<(Namespace, String)> {
    let name = object.key.name.to_owned();
    match object.key.kind {
        Kind::Table | Kind::View | Kind::MaterializedView | Kind::Composite => {
            vec![(Namespace::Relations, name.clone()), (Namespace::Types, name)]
        }
        Kind::Index | Kind::Sequence => vec![(Namespace::Relations, name)],
        Kind::Constraint if Constraint::of(*object).is_some_and(Constraint::has_index) => {
            vec![(Namespace::Relations, object.qualified())]
        }
        Kind::Enum | Kind::Domain => vec![(Namespace::Types, name)],
        Kind::Range => {
            vec![(Namespace::Types, name), (Namespace::Types, object.text(Attr::Multirange).to_owned())]
        }
        Kind::Function | Kind::Aggregate => vec![(Namespace::Routines, name)],
        Kind::Column => {
            let sequence = object.get(Attr::IdentitySequence);
            sequence.map(|sequence| (Namespace::Relations, sequence.to_owned())).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The prefix of the names of helper objects.
pub(in crate::schema) const TEMPORARY: &str = "lakebase_";

/// The names in a schema with the prefix of helper objects.
pub(in crate::schema) fn taken_names(schema: &Schema) -> HashSet<&str> {
    schema.objects.iter().flat_map(names).filter(|name| name.starts_with(TEMPORARY)).collect()
}

/// The names of an object and of its internal objects (the sequence of an identity, a multirange type).
fn names(object: Object<'_>) -> impl Iterator<Item = &str> {
    let qualified =
        [Attr::IdentitySequence, Attr::Multirange].into_iter().filter_map(move |attr| object.get(attr));
    object.get(Attr::Name).into_iter().chain(qualified.map(last_part))
}
