//! An object that needs another one.

use super::{Action, Planner};
use crate::schema::model::Object;

/// An object that is dropped or retyped, and one that depends on it.
pub(super) struct Dependence<'a> {
    pub(super) needed: usize,
    pub(super) needed_object: Object<'a>,
    pub(super) dependent: usize,
    pub(super) old: Object<'a>,
    pub(super) new: Object<'a>,
}

/// A dependence of an object that is kept or altered.
pub(super) fn dependence<'a>(
    planner: &Planner<'a>,
    needed: usize,
    dependent: usize,
) -> Option<Dependence<'a>> {
    let stays = matches!(planner.items[dependent].action, Action::Keep | Action::Alter);
    let needed_object = planner.old_object(needed).filter(|_| stays)?;
    let (old, new) = (planner.old_object(dependent)?, planner.new_object(dependent)?);
    Some(Dependence { needed, needed_object, dependent, old, new })
}
