//! Assigns an action to each object and propagates it to its dependents.

mod assign;
pub(super) mod containers;
mod dependence;
mod detach;
mod inline;
mod key_replacement;
pub(super) mod overload;
pub(super) mod privileges;
mod propagate;
mod recreate;
mod requirements;
pub(super) mod sequences;
pub(super) mod swap;
mod versions;

use std::collections::BTreeSet;

use super::{PlanOptions, Tactics};
use crate::schema::ddl::Context;
use crate::schema::diff::SchemaDiff;
use crate::schema::error::{PlanError, Refusal};
use crate::schema::model::{Adjacency, Children, Kind, Name, Object, Schema, pairs};
use crate::schema::statement::Statement;
use key_replacement::Succession;
pub(super) use recreate::{Recreation, statements as recreation_statements};

/// The change that a plan makes to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Keep,
    Create,
    Drop,
    Alter,
    /// Drops the old object and creates the new one.
    Replace,
}

/// An object of either schema, or of both.
#[derive(Debug)]
pub(super) struct Item {
    /// Its position in the old schema.
    pub(super) old: Option<usize>,
    /// Its position in the new schema.
    pub(super) new: Option<usize>,
    pub(super) action: Action,
    /// Removes the dependencies on replaced objects from an object that is then altered, which restores them.
    pub(super) detach: Vec<Statement>,
    pub(super) alter: Vec<Statement>,
    /// Whether its type changes, which views and other dependents do not survive.
    pub(super) retyped: bool,
    /// Whether the old version is renamed until the dependents (such as the columns of a type) use the new one.
    pub(super) renamed_away: bool,
}

impl Item {
    pub(super) fn drops(&self) -> bool {
        matches!(self.action, Action::Drop | Action::Replace)
    }

    pub(super) fn creates(&self) -> bool {
        matches!(self.action, Action::Create | Action::Replace)
    }
}

/// The objects of both schemas and their actions.
pub(super) struct Planner<'a> {
    pub(super) ctx: Context<'a>,
    pub(super) items: Vec<Item>,
    /// The item of each object of the old schema.
    pub(super) of_old: Vec<u32>,
    /// The item of each object of the new schema.
    pub(super) of_new: Vec<u32>,
    pub(super) old_dependents: Adjacency,
    pub(super) refusals: BTreeSet<Refusal>,
    /// Indexes and keys whose new version is built beside the old one.
    pub(super) swapped: BTreeSet<usize>,
    pub(super) succession: Succession,
    /// Tables that are made anew with their rows.
    pub(super) recreations: Vec<Recreation>,
    /// The parts that are dropped by statements of their own although their table is dropped too.
    pub(super) separate_drops: BTreeSet<usize>,
}

/// Assigns an action to every object.
pub(super) fn decide<'a>(
    diff: &'a SchemaDiff,
    new_parts: &'a Adjacency,
    options: &PlanOptions,
    tactics: Tactics,
) -> Result<Planner<'a>, PlanError> {
    let mut planner = Planner::new(diff, new_parts, options);
    if options.recreate_tables {
        recreate::recreate(&mut planner);
    }
    assign::assign(&mut planner, tactics);
    propagate::propagate(&mut planner);
    requirements::check(&mut planner, options.strict);
    if !planner.refusals.is_empty() {
        return Err(PlanError::Refused(planner.refusals.into_iter().collect()));
    }
    inline::fold_creations(&mut planner);
    if tactics.drop_parts {
        planner.separate_drops = containers::parts_that_need_others(&planner);
    }
    if tactics.swap_indexes {
        planner.swapped = swap::swapped(&planner);
        planner.succession = key_replacement::succession(&planner);
    }
    overload::rename_ambiguous(&mut planner);
    Ok(planner)
}

/// Whether the object of a comment or privilege is of another kind on the other side, such as the sequence of an
/// identity or the index of a constraint.
pub(super) fn changes_parent((old, one): (&Schema, usize), (new, other): (&Schema, usize)) -> bool {
    matches!(old.objects.kind(one), Kind::Comment | Kind::Privilege)
        && old.objects.at(one).parent != new.objects.at(other).parent
}

impl<'a> Planner<'a> {
    fn new(diff: &'a SchemaDiff, new_parts: &'a Adjacency, options: &PlanOptions) -> Self {
        let (old, new) = (&diff.old, &diff.new);
        let mut items = Vec::with_capacity(new.objects.len());
        let (mut of_old, mut of_new) = (vec![0; old.objects.len()], vec![0; new.objects.len()]);
        for (at, (one, other)) in pairs(old, new).into_iter().enumerate() {
            let action = match (one, other) {
                (Some(_), None) => Action::Drop,
                (None, _) => Action::Create,
                (Some(a), Some(b)) if changes_parent((old, a), (new, b)) => Action::Replace,
                (Some(a), Some(b)) if old.same(a, new, b) => Action::Keep,
                _ => Action::Alter,
            };
            if let Some(one) = one {
                of_old[one] = at as u32;
            }
            if let Some(other) = other {
                of_new[other] = at as u32;
            }
            items.push(Item {
                old: one,
                new: other,
                action,
                detach: Vec::new(),
                alter: Vec::new(),
                retyped: false,
                renamed_away: false,
            });
        }
        let created = items.iter().filter(|item| item.action == Action::Create).filter_map(|item| item.new);
        let fresh = created
            .map(|at| new.objects.at(at))
            .filter(|f| matches!(f.key.kind, Kind::Table | Kind::MaterializedView))
            .map(|f| f.key.name)
            .collect();
        Self {
            ctx: Context {
                old,
                new,
                members: &diff.members,
                online: options.online,
                fresh,
                recreated: BTreeSet::new(),
                inline: BTreeSet::new(),
                new_parts,
                old_children: Children::new(old),
                new_children: Children::new(new),
                taken: Default::default(),
            },
            items,
            of_old,
            of_new,
            old_dependents: old.dependents(),
            refusals: BTreeSet::new(),
            swapped: BTreeSet::new(),
            succession: Succession::default(),
            recreations: Vec::new(),
            separate_drops: BTreeSet::new(),
        }
    }

    pub(super) fn old_object(&self, item: usize) -> Option<Object<'a>> {
        self.items[item].old.map(|at| self.ctx.old.objects.at(at))
    }

    pub(super) fn new_object(&self, item: usize) -> Option<Object<'a>> {
        self.items[item].new.map(|at| self.ctx.new.objects.at(at))
    }

    /// The item of an object of the old schema, if it is dropped or replaced.
    fn dropped_item(&self, key: Name<'_>) -> Option<usize> {
        let item = self.of_old[self.ctx.old.find(key)?] as usize;
        self.items[item].drops().then_some(item)
    }

    /// The item of an object of the new schema, if it is created or replaced.
    fn created_item(&self, key: Name<'_>) -> Option<usize> {
        let item = self.of_new[self.ctx.new.find(key)?] as usize;
        self.items[item].creates().then_some(item)
    }

    /// The items with an action; in a large schema these are few.
    pub(super) fn touched(&self) -> Vec<usize> {
        (0..self.items.len()).filter(|at| self.items[*at].action != Action::Keep).collect()
    }

    fn refuse(&mut self, object: &Object, reason: impl Into<String>) {
        self.refusals.insert(Refusal { object: object.key.to_string(), reason: reason.into() });
    }
}
