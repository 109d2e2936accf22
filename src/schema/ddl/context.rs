//! The setting in which statements are made, and the forms that a change can take.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashSet};

use crate::schema::model::{Adjacency, Object, Schema, taken_names};
use crate::schema::statement::Statement;

/// What statements are made for.
pub(in crate::schema) struct Context<'a> {
    pub(in crate::schema) old: &'a Schema,
    pub(in crate::schema) new: &'a Schema,
    /// Whether statements must let reads and writes go on.
    pub(in crate::schema) online: bool,
    /// Tables and materialised views this plan creates: nobody waits for them.
    pub(in crate::schema) fresh: BTreeSet<&'a str>,
    /// Positions in the new schema of objects that are created as a part of their table or column.
    pub(in crate::schema) inline: BTreeSet<usize>,
    pub(in crate::schema) new_parts: &'a Adjacency,
    /// The names in both schemas that those of helper objects could meet. See [`Context::is_taken`].
    pub(in crate::schema) taken: OnceCell<HashSet<String>>,
}

impl<'a> Context<'a> {
    pub(in crate::schema) fn is_fresh(&self, relation: &str) -> bool {
        self.fresh.contains(relation)
    }

    /// Whether something has a name that a helper object could have.
    pub(super) fn is_taken(&self, name: &str) -> bool {
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

/// How a changed object gets from old to new.
pub(in crate::schema) enum AlterStrategy {
    /// By these statements; what depends on it stays.
    Alter(Vec<Statement>),
    /// By these statements; what depends on the type of it is dropped before and made anew.
    Retype(Vec<Statement>),
    /// Dropped and created.
    Replace,
    /// Not at all.
    Refuse(String),
}

/// How an index gets a new definition without ever being absent.
pub(in crate::schema) struct Swap {
    /// Builds the new one under a name of its own.
    pub(in crate::schema) ahead: Vec<Statement>,
    /// Puts it in the place of the old one, in one transaction.
    pub(in crate::schema) exchange: Vec<Statement>,
    /// Removes the old one.
    pub(in crate::schema) purge: Vec<Statement>,
}

/// What a changed index is bound to.
pub(in crate::schema) struct Place<'a> {
    /// Whether it goes with the partitioned index it is a part of.
    pub(in crate::schema) hosted: bool,
    /// Whether foreign keys need it.
    pub(in crate::schema) referenced: bool,
    /// The tables of the indexes that are parts of it.
    pub(in crate::schema) partitions: Vec<&'a str>,
}
