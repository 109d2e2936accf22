//! The read access of the ordering rules to a plan's objects and their steps.

use super::action::sequences::Transfer;
use super::action::{Action, Item, Planner};
use crate::schema::model::Object;

/// The first and the last node of a step, where there is one.
pub(super) type Ends = Option<(u32, u32)>;

/// The steps of one object.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Steps {
    /// Removes the old object, or renames it out of the way.
    pub(super) drop: Ends,
    /// Creates the object under a temporary name, before `create`.
    pub(super) prepare: Ends,
    /// Creates, alters or swaps the object.
    pub(super) create: Ends,
    /// Removals and completions that must follow the changes of the object's dependents.
    pub(super) purge: Ends,
}

/// The input of the ordering rules.
pub(super) struct PlanView<'p, 'a> {
    pub(super) planner: &'p Planner<'a>,
    /// The items that change.
    pub(super) touched: Vec<usize>,
    /// The steps of each item.
    pub(super) steps: Vec<Steps>,
    pub(super) transfers: Vec<Transfer>,
}

impl<'a> PlanView<'_, 'a> {
    pub(super) fn item(&self, at: usize) -> &Item {
        &self.planner.items[at]
    }

    pub(super) fn drop(&self, at: usize) -> Ends {
        self.steps[at].drop
    }

    pub(super) fn create(&self, at: usize) -> Ends {
        self.steps[at].create
    }

    pub(super) fn purge(&self, at: usize) -> Ends {
        self.steps[at].purge
    }

    /// The step in which the new version of an object replaces the old one.
    pub(super) fn arrival(&self, at: usize) -> Ends {
        self.create(at).map(|(first, last)| {
            let swapped =
                self.planner.swapped.contains(&at) || self.planner.succession.temporarily_named.contains(&at);
            (if swapped { last } else { first }, last)
        })
    }

    /// The items that are dropped or replaced, with the old object.
    pub(super) fn leaving(&self) -> impl Iterator<Item = (usize, Object<'a>)> {
        self.of_old(Item::drops)
    }

    /// The items that are created or replaced, with the new object.
    pub(super) fn arriving(&self) -> impl Iterator<Item = (usize, Object<'a>)> {
        self.of_new(Item::creates)
    }

    /// The items that are created, replaced or altered, with the new object.
    pub(super) fn changing(&self) -> impl Iterator<Item = (usize, Object<'a>)> {
        self.of_new(|item| item.creates() || item.action == Action::Alter)
    }

    pub(super) fn of_old(&self, which: impl Fn(&Item) -> bool) -> impl Iterator<Item = (usize, Object<'a>)> {
        let items = self.touched.iter().copied().filter(move |at| which(self.item(*at)));
        items.filter_map(|at| Some((at, self.planner.old_object(at)?)))
    }

    pub(super) fn of_new(&self, which: impl Fn(&Item) -> bool) -> impl Iterator<Item = (usize, Object<'a>)> {
        let items = self.touched.iter().copied().filter(move |at| which(self.item(*at)));
        items.filter_map(|at| Some((at, self.planner.new_object(at)?)))
    }

    /// The items whose old objects depend on the old object of this one.
    pub(super) fn dependents(&self, at: usize) -> impl Iterator<Item = usize> {
        let old = self.item(at).old;
        let dependents = old.map(|old| self.planner.old_dependents.of(old)).unwrap_or_default();
        dependents.iter().map(|position| self.planner.of_old[*position as usize] as usize)
    }

    /// The item of a position in the new schema.
    pub(super) fn new_item(&self, position: usize) -> usize {
        self.planner.of_new[position] as usize
    }

    /// The items that the new object of an item depends on.
    pub(super) fn needs(&self, new: &Object<'a>) -> impl Iterator<Item = usize> {
        new.needs.iter().map(|position| self.new_item(*position as usize))
    }
}
