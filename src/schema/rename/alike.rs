//! Renames of objects that are equal but for their names, and likely renames.

use std::collections::{BTreeMap, HashSet};

use super::{Rename, Renamed, attached};
use crate::schema::diff::{Change, RenameHint};
use crate::schema::model::{Attr, Constraint, Key, Kind, Name, Object, Schema, pairs};
use crate::schema::statement::Statement;

/// Constraints and indexes that are equal but for their names.
pub(super) fn parts(renamed: &mut Renamed, new: &Schema) {
    let schema = &renamed.schema;
    let kinds = [Kind::Constraint, Kind::DomainConstraint, Kind::Index];
    let signature = |f: Object<'_>| {
        let attrs: Vec<String> = f
            .attrs
            .compared()
            .filter(|(n, _)| *n != Attr::Name)
            .map(|(n, v)| format!("{n}={}", nameless(&f, n, v)))
            .collect();
        (f.key.kind, f.parent.map(Name::to_key), attrs)
    };
    let eligible = |f: Object<'_>, other: &Schema| {
        kinds.contains(&f.key.kind)
            && (!f.has(Attr::Inherited) || Constraint::of(f).is_some_and(Constraint::is_unique_key))
            && f.parent.is_some_and(|p| other.find(p).is_some())
    };
    let mut gone = Vec::new();
    let mut wanted: BTreeMap<_, Vec<Object<'_>>> = BTreeMap::new();
    for pair in &renamed.pairs {
        match *pair {
            (Some(at), None) if eligible(schema.objects.at(at), new) => gone.push(at),
            (None, Some(at)) if eligible(new.objects.at(at), schema) => {
                wanted.entry(signature(new.objects.at(at))).or_default().push(new.objects.at(at));
            }
            _ => {}
        }
    }
    gone.retain(|at| wanted.contains_key(&signature(schema.objects.at(*at))));
    if gone.is_empty() {
        return;
    }
    // Renames come first, while every old name is still in use.
    let relations =
        [Kind::Table, Kind::View, Kind::MaterializedView, Kind::Sequence, Kind::Index, Kind::Constraint];
    let taken: HashSet<(Option<&str>, &str)> = relations
        .iter()
        .flat_map(|kind| schema.objects.of_kind(*kind))
        .map(|f| (f.get(Attr::Schema), f.text(Attr::Name)))
        .collect();
    let mut chosen: Vec<(Object<'_>, Object<'_>)> = Vec::new();
    for at in gone {
        let object = schema.objects.at(at);
        let Some(after) = wanted.get_mut(&signature(object)).filter(|l| !l.is_empty()).map(|l| l.remove(0))
        else {
            continue;
        };
        if !taken.contains(&(after.get(Attr::Schema), after.text(Attr::Name))) {
            chosen.push((object, after));
        }
    }
    attached::keep_together(schema, new, &mut chosen);
    let mut moved: BTreeMap<Name<'_>, Object<'_>> = BTreeMap::new();
    for (object, after) in chosen {
        let relation = object.parent.map(|p| p.name).unwrap_or_default();
        let (from, to) = (object.text(Attr::Name), after.text(Attr::Name));
        let sql = match object.key.kind {
            Kind::Index => format!("ALTER INDEX {} RENAME TO {to}", object.key.name),
            Kind::Constraint => format!("ALTER TABLE {relation} RENAME CONSTRAINT {from} TO {to}"),
            _ => format!("ALTER DOMAIN {relation} RENAME CONSTRAINT {from} TO {to}"),
        };
        renamed.renames.push(Rename { before: object.key.to_key(), after: after.key.to_key() });
        renamed.statements.push(Statement::new(sql).exclusive(relation));
        moved.insert(object.key, after);
    }
    if moved.is_empty() {
        return;
    }
    let indexes = attached::names(&moved, schema);
    let objects = schema.objects.iter().map(|object| {
        let mut next = match moved.get(&object.key) {
            Some(after) => Object { key: after.key, attrs: after.attrs, ..object }.draft(),
            None => object.draft(),
        };
        if object.key.kind == Kind::IndexAttach {
            attached::join(&object, &mut next, &indexes, &moved);
        } else if let Some(after) = object.parent.and_then(|p| moved.get(&p)) {
            next.key.name = after.key.to_string();
            next.parent = Some(after.key.to_key());
        }
        next
    });
    renamed.schema = Schema::new(schema.options.clone(), schema.origin.clone(), objects.collect());
    renamed.pairs = pairs(&renamed.schema, new);
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
