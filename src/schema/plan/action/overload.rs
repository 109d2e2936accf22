//! Replaced overloads of functions: a call must never match both the old and the new one.

use std::collections::BTreeMap;

use super::{Action, Planner};
use crate::schema::model::{Attr, Kind, Object};
use crate::sql::{bracket, has_keywords};

/// Renames an old function until its dependents use its successor, where a call could match both.
pub(super) fn rename_ambiguous(planner: &mut Planner<'_>) {
    for (at, _) in ambiguous(planner) {
        let stays = |dependent: &u32| {
            let item = planner.of_old[*dependent as usize] as usize;
            planner.items[item].action == Action::Alter
                || planner.swapped.contains(&item)
                || planner.succession.deferred_drops.contains(&item)
        };
        let old = planner.items[at].old;
        if old.is_some_and(|old| planner.old_dependents.of(old).iter().any(stays)) {
            planner.items[at].renamed_away = true;
        }
    }
}

/// The dropped functions, each with the created ones that have its name and optional arguments.
pub(in crate::schema::plan) fn ambiguous(planner: &Planner<'_>) -> Vec<(usize, Vec<usize>)> {
    let mut coming: BTreeMap<&str, Vec<(usize, bool)>> = BTreeMap::new();
    let of = |action: Action, kind: Option<Kind>, at: usize| {
        planner.items[at].action == action && kind == Some(Kind::Function)
    };
    let touched = planner.touched();
    for at in touched.iter().copied() {
        if let Some(new) = planner.new_object(at)
            && of(Action::Create, Some(new.key.kind), at)
        {
            coming.entry(plain_name(&new)).or_default().push((at, is_flexible(&new)));
        }
    }
    let conflicting = |at: usize| {
        let old = planner.old_object(at)?;
        let successors = coming.get(plain_name(&old)).filter(|_| of(Action::Drop, Some(old.key.kind), at))?;
        let fits = |(_, flexible): &&(usize, bool)| *flexible || is_flexible(&old);
        let conflicting: Vec<usize> = successors.iter().filter(fits).map(|(at, _)| *at).collect();
        (!conflicting.is_empty()).then_some((at, conflicting))
    };
    touched.into_iter().filter_map(conflicting).collect()
}

fn plain_name<'a>(function: &Object<'a>) -> &'a str {
    &function.key.name[..bracket(function.key.name).unwrap_or(function.key.name.len())]
}

/// Whether it can be called with other numbers of arguments.
fn is_flexible(function: &Object<'_>) -> bool {
    !matches!(function.get(Attr::DefaultCount), None | Some("0"))
        || has_keywords(function.text(Attr::IdentityArguments), "VARIADIC")
}
