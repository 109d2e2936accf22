//! Renames of attached indexes, including those of constraints: their names change together or not at all.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::schema::model::{Attr, Constraint, Draft, Kind, Name, Object, Schema};

/// The renamed objects, each with its new version.
pub(super) type Moved<'a> = BTreeMap<Name<'a>, Object<'a>>;

/// The old and new qualified names of the renamed indexes.
pub(super) fn names(moved: &Moved<'_>, old: &Schema) -> BTreeMap<String, String> {
    let indexed = |object: &Object<'_>| {
        object.key.kind == Kind::Index || Constraint::of(*object).is_some_and(Constraint::is_unique_key)
    };
    let pairs = moved.iter().filter_map(|(before, after)| Some((old.get(*before)?, after)));
    pairs
        .filter(|(before, _)| indexed(before))
        .map(|(before, after)| (before.qualified(), after.qualified()))
        .collect()
}

/// Applies the renames to an attached index and its parent index.
pub(super) fn join<'a>(
    attach: &Object<'a>,
    next: &mut Draft<'a>,
    indexes: &BTreeMap<String, String>,
    moved: &Moved<'a>,
) {
    if let Some(name) = indexes.get(attach.key.name) {
        next.key.name.clone_from(name);
    }
    if let Some(after) = attach.parent.and_then(|parent| moved.get(&parent)) {
        next.parent = Some(after.key.to_key());
    }
    for (attr, value) in &mut next.attrs {
        let after = match *attr {
            Attr::ParentRelation => indexes.get(value.as_ref()).map(|name| Cow::Owned(name.clone())),
            Attr::OfConstraint => {
                moved.get(&Name::new(Kind::Constraint, value)).map(|after| Cow::Borrowed(after.key.name))
            }
            _ => None,
        };
        if let Some(after) = after {
            *value = after;
        }
    }
}

/// Discards the renames after which an index would be attached to the wrong one.
pub(super) fn keep_together(old: &Schema, new: &Schema, chosen: &mut Vec<(Object<'_>, Object<'_>)>) {
    let places = |schema: &Schema| -> BTreeMap<String, String> {
        let attached = schema.objects.of_kind(Kind::IndexAttach);
        attached.map(|f| (f.key.name.to_owned(), f.text(Attr::ParentRelation).to_owned())).collect()
    };
    let (before, after) = (places(old), places(new));
    loop {
        let names: BTreeMap<String, String> =
            chosen.iter().map(|(old, new)| (old.qualified(), new.qualified())).collect();
        let renamed = |name: &String| names.get(name).unwrap_or(name).clone();
        let divided: BTreeSet<String> = before
            .iter()
            .filter(|(part, whole)| names.contains_key(*part) || names.contains_key(*whole))
            .filter(|(part, whole)| after.get(&renamed(part)) != Some(&renamed(whole)))
            .flat_map(|(part, whole)| [part.clone(), whole.clone()])
            .collect();
        let count = chosen.len();
        let stray = |old: &Object<'_>, new: &Object<'_>| {
            !before.contains_key(&old.qualified()) && after.contains_key(&new.qualified())
        };
        chosen.retain(|(old, new)| !divided.contains(&old.qualified()) && !stray(old, new));
        if chosen.len() == count {
            return;
        }
    }
}
