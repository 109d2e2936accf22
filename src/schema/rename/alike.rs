//! Renames of objects that are equal except for their names, and likely renames.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::{Rename, Renamed, attached};
use crate::schema::diff::{Change, RenameHint};
use crate::schema::model::{Attr, Constraint, Key, Kind, Name, Object, Pair, Schema, pairs};
use crate::schema::statement::Statement;

/// Pairs of constraints and indexes that are equal except for their names.
pub(super) fn parts(renamed: &mut Renamed, new: &Schema) {
    let chosen = choose(&renamed.schema, &renamed.pairs, new);
    if chosen.is_empty() {
        return;
    }
    let (mut renames, mut statements, mut moved) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (before, after) in chosen {
        renames.push(Rename { before: before.key.to_key(), after: after.key.to_key() });
        statements.push(rename(&before, after.text(Attr::Name)));
        moved.insert(before.key, after);
    }
    let schema = carried(&renamed.schema, &moved);
    renamed.pairs = pairs(&schema, new);
    renamed.schema = schema;
    renamed.renames.extend(renames);
    renamed.statements.extend(statements);
}

/// The key of the parent and the attributes that must be equal for two parts to be one under two names.
type Signature = (Kind, Option<Key>, Vec<String>);

fn signature(part: &Object<'_>) -> Signature {
    let attrs = part.attrs.compared().filter(|(attr, _)| *attr != Attr::Name);
    let attrs = attrs.map(|(attr, value)| format!("{attr}={}", nameless(part, attr, value)));
    (part.key.kind, part.parent.map(Name::to_key), attrs.collect())
}

/// The parts that were renamed, under their old and new names.
fn choose<'a>(old: &'a Schema, pairs: &[Pair], new: &'a Schema) -> Vec<(Object<'a>, Object<'a>)> {
    let eligible = |part: &Object<'_>, other: &Schema| {
        matches!(part.key.kind, Kind::Constraint | Kind::DomainConstraint | Kind::Index)
            && (!part.has(Attr::Inherited) || Constraint::of(*part).is_some_and(Constraint::is_unique_key))
            && part.parent.is_some_and(|parent| other.find(parent).is_some())
    };
    let mut gone = Vec::new();
    let mut wanted: BTreeMap<Signature, VecDeque<Object<'a>>> = BTreeMap::new();
    for pair in pairs {
        match *pair {
            (Some(at), None) => gone.extend(Some(old.objects.at(at)).filter(|part| eligible(part, new))),
            (None, Some(at)) => {
                let part = new.objects.at(at);
                if eligible(&part, old) {
                    wanted.entry(signature(&part)).or_default().push_back(part);
                }
            }
            _ => {}
        }
    }
    gone.retain(|part| wanted.contains_key(&signature(part)));
    if gone.is_empty() {
        return Vec::new();
    }
    let taken = relation_names(old);
    let mut chosen = Vec::new();
    for before in gone {
        let Some(after) = wanted.get_mut(&signature(&before)).and_then(VecDeque::pop_front) else { continue };
        if !taken.contains(&(after.get(Attr::Schema), after.text(Attr::Name))) {
            chosen.push((before, after));
        }
    }
    attached::keep_together(old, new, &mut chosen);
    chosen
}

/// The schema and name of every relation and constraint: all are still in use while renames run.
fn relation_names(schema: &Schema) -> HashSet<(Option<&str>, &str)> {
    let kinds =
        [Kind::Table, Kind::View, Kind::MaterializedView, Kind::Sequence, Kind::Index, Kind::Constraint];
    let relations = kinds.into_iter().flat_map(|kind| schema.objects.of_kind(kind));
    relations.map(|object| (object.get(Attr::Schema), object.text(Attr::Name))).collect()
}

fn rename(part: &Object<'_>, to: &str) -> Statement {
    let relation = part.parent.map(|parent| parent.name).unwrap_or_default();
    let from = part.text(Attr::Name);
    let sql = match part.key.kind {
        Kind::Index => format!("ALTER INDEX {} RENAME TO {to}", part.key.name),
        Kind::Constraint => format!("ALTER TABLE {relation} RENAME CONSTRAINT {from} TO {to}"),
        _ => format!("ALTER DOMAIN {relation} RENAME CONSTRAINT {from} TO {to}"),
    };
    Statement::new(sql).exclusive(relation)
}

/// The old schema after the renames of the parts.
fn carried(schema: &Schema, moved: &attached::Moved<'_>) -> Schema {
    let indexes = attached::names(moved, schema);
    let objects = schema.objects.iter().map(|object| {
        let mut next = match moved.get(&object.key) {
            Some(after) => Object { key: after.key, attrs: after.attrs, ..object }.draft(),
            None => object.draft(),
        };
        if object.key.kind == Kind::IndexAttach {
            attached::join(&object, &mut next, &indexes, moved);
        } else if let Some(after) = object.parent.and_then(|parent| moved.get(&parent)) {
            next.key.name = after.key.to_string();
            next.parent = Some(after.key.to_key());
        }
        next
    });
    Schema::new(schema.options.clone(), schema.origin.clone(), objects.collect())
}

/// The definition of an index without the index's name.
fn nameless(object: &Object, attr: Attr, value: &str) -> String {
    match attr {
        Attr::Definition | Attr::IndexDefinition => {
            value.replacen(&format!(" INDEX {} ON ", object.text(Attr::Name)), " INDEX ON ", 1)
        }
        _ => value.to_owned(),
    }
}

/// Removed and added objects of one kind that have the same parts.
pub(in crate::schema) fn likely(old: &Schema, new: &Schema, changes: &[Change]) -> Vec<RenameHint> {
    let shape = |schema: &Schema, key: &Key| {
        let object = schema.get(key).filter(|_| key.kind == Kind::Column)?;
        Some((object.parent.map(Name::to_key), object.get(Attr::Type).map(str::to_owned)))
    };
    let mut hints = Vec::new();
    let removed = changes.iter().filter_map(|c| match c {
        Change::Removed { key, .. } => Some(key),
        _ => None,
    });
    let mut added: BTreeMap<_, Vec<&Key>> = BTreeMap::new();
    for change in changes {
        if let Change::Added { key, parent: Some(parent), .. } = change
            && old.find(parent).is_some()
            && let Some(shape) = shape(new, key)
        {
            added.entry(shape).or_default().push(key);
        }
    }
    for key in removed {
        if let Some([after]) = shape(old, key).and_then(|s| added.get(&s)).map(Vec::as_slice) {
            hints.push(RenameHint { before: key.clone(), after: (*after).clone() });
        }
    }
    hints
}
