//! Detects renames: certain between physical copies and where only a constraint's or index's name differs; hints
//! elsewhere.

mod alike;
mod attached;
mod carry;
mod finder;
mod identity_match;
mod members;
mod statement;
mod steps;

use super::error::Refusal;
use super::model::{Key, Kind, MemberRenames, Pair, Schema, pairs};
use super::statement::Statement;
pub(super) use alike::likely;
use finder::Finder;

/// An object that has another name in the new schema.
#[derive(Clone, Debug)]
pub(super) struct Rename {
    pub(super) before: Key,
    pub(super) after: Key,
}

/// The old schema under its new names, and the statements that rename its objects.
#[derive(Debug)]
pub(super) struct Renamed {
    pub(super) schema: Schema,
    /// Its objects beside those of the new schema.
    pub(super) pairs: Vec<Pair>,
    pub(super) renames: Vec<Rename>,
    pub(super) members: MemberRenames,
    pub(super) statements: Vec<Statement>,
    /// Schemas that must exist before objects move into them.
    pub(super) schemas: Vec<Key>,
    pub(super) refusals: Vec<Refusal>,
}

/// Objects in a schema, in the order in which they are renamed.
const WHOLE: [Kind; 13] = [
    Kind::Enum,
    Kind::Composite,
    Kind::Range,
    Kind::Domain,
    Kind::Collation,
    Kind::Function,
    Kind::Aggregate,
    Kind::Table,
    Kind::View,
    Kind::MaterializedView,
    Kind::Sequence,
    Kind::Index,
    Kind::Statistics,
];
const PARTS: [Kind; 6] =
    [Kind::Column, Kind::Constraint, Kind::DomainConstraint, Kind::Trigger, Kind::Rule, Kind::Policy];

/// Finds the renames that are certain and returns the old schema after them.
pub(super) fn certain(old: &Schema, new: &Schema) -> Renamed {
    let mut renamed = Renamed {
        schema: old.clone(),
        pairs: pairs(old, new),
        renames: Vec::new(),
        members: MemberRenames::new(),
        statements: Vec::new(),
        schemas: Vec::new(),
        refusals: Vec::new(),
    };
    if old.origin.system_identifier.is_some() && old.origin.system_identifier == new.origin.system_identifier
    {
        Finder::new(old, new).run(&mut renamed);
    }
    alike::parts(&mut renamed, new);
    renamed
}
