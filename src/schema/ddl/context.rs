//! The inputs of statement generation, and the strategies for a change.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashSet};

use crate::schema::model::{Adjacency, Children, MemberRenames, Object, Schema, taken_names};
use crate::schema::statement::Statement;

/// The schemas and settings that statements are generated for.
pub(in crate::schema) struct Context<'a> {
    pub(in crate::schema) old: &'a Schema,
    pub(in crate::schema) new: &'a Schema,
    /// The labels and attributes of types that are renamed before.
    pub(in crate::schema) members: &'a MemberRenames,
    /// Whether statements must not block reads and writes for long.
    pub(in crate::schema) online: bool,
    /// Tables and materialized views this plan creates: locks on them block no other session.
    pub(in crate::schema) fresh: BTreeSet<&'a str>,
    /// The tables among `fresh` that are filled with the rows of old ones.
    pub(in crate::schema) recreated: BTreeSet<&'a str>,
    /// Positions in the new schema of objects that are created as a part of their table or column.
    pub(in crate::schema) inline: BTreeSet<usize>,
    pub(in crate::schema) new_parts: &'a Adjacency,
    pub(in crate::schema) old_children: Children<'a>,
    pub(in crate::schema) new_children: Children<'a>,
    /// The names in both schemas that could collide with those of helper objects. See [`Context::is_taken`].
    pub(in crate::schema) taken: OnceCell<HashSet<String>>,
}

impl<'a> Context<'a> {
    pub(in crate::schema) fn is_fresh(&self, relation: &str) -> bool {
        self.fresh.contains(relation)
    }

    /// Whether a name for a helper object is in use in either schema.
    pub(in crate::schema) fn is_taken(&self, name: &str) -> bool {
        let both =
            || taken_names(self.old).into_iter().chain(taken_names(self.new)).map(str::to_owned).collect();
        self.taken.get_or_init(both).contains(name)
    }

    /// The parts of an object of the new schema.
    pub(in crate::schema) fn parts(
        &self,
        object: &Object,
    ) -> impl Iterator<Item = (usize, Object<'a>)> + use<'a, '_> {
        let at = self.new.find(object.key);
        let new = self.new;
        at.into_iter()
            .flat_map(|at| self.new_parts.of(at))
            .map(move |p| (*p as usize, new.objects.at(*p as usize)))
    }
}

/// The strategy that takes a changed object from its old to its new definition.
pub(in crate::schema) enum AlterStrategy {
    /// Alters it by these statements; its dependents stay.
    Alter(Vec<Statement>),
    /// Alters it by these statements; the dependents of its type are dropped before and created again.
    Retype(Vec<Statement>),
    /// Drops and creates it.
    Replace,
    /// Cannot be changed, for this reason.
    Refuse(String),
}

/// The statements that replace an index without a moment without one.
pub(in crate::schema) struct Swap {
    /// Builds the new one under a temporary name.
    pub(in crate::schema) build: Vec<Statement>,
    /// Puts it in the place of the old one, in one transaction.
    pub(in crate::schema) swap: Vec<Statement>,
    /// Removes the old one.
    pub(in crate::schema) purge: Vec<Statement>,
}

/// The relations between a changed index and other objects.
pub(in crate::schema) struct IndexUse<'a> {
    /// Whether it is dropped with the partitioned index it is attached to.
    pub(in crate::schema) dropped_with_parent: bool,
    /// Whether foreign keys depend on it.
    pub(in crate::schema) referenced: bool,
    /// The tables of the indexes that are attached to it.
    pub(in crate::schema) partitions: Vec<&'a str>,
}
