//! Renames that nothing but a name tells, and those that are only likely.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Rename, Renamed};
use crate::schema::diff::{Change, RenameHint, pairs};
use crate::schema::model::{Fact, Key, Kind, Schema};
use crate::schema::statement::Statement;

/// Constraints and indexes of which nothing but the name differs.
pub(super) fn parts(renamed: &mut Renamed, new: &Schema) {
    let schema = &renamed.schema;
    let kinds = [Kind::Constraint, Kind::DomainConstraint, Kind::Index];
    let signature = |f: &Fact| {
        let attrs: Vec<String> = f
            .attrs
            .compared()
            .filter(|(n, _)| *n != "name")
            .map(|(n, v)| format!("{n}={}", nameless(f, n, v)))
            .collect();
        (f.key.kind, f.parent.clone(), attrs)
    };
    let eligible = |f: &Fact, other: &Schema| {
        kinds.contains(&f.key.kind)
            && (!f.has("inherited") || matches!(f.text("type"), "primary key" | "unique"))
            && f.parent.as_ref().is_some_and(|p| other.find(p).is_some())
    };
    let mut gone = Vec::new();
    let mut wanted: BTreeMap<_, Vec<&Fact>> = BTreeMap::new();
    for pair in &renamed.pairs {
        match *pair {
            (Some(at), None) if eligible(&schema.facts[at], new) => gone.push(at),
            (None, Some(at)) if eligible(&new.facts[at], schema) => {
                wanted.entry(signature(&new.facts[at])).or_default().push(&new.facts[at]);
            }
            _ => {}
        }
    }
    gone.retain(|at| wanted.contains_key(&signature(&schema.facts[*at])));
    if gone.is_empty() {
        return;
    }
    // Renames come first, while every old name is still in use.
    let relations =
        [Kind::Table, Kind::View, Kind::MaterializedView, Kind::Sequence, Kind::Index, Kind::Constraint];
    let taken: HashSet<(Option<&str>, &str)> = schema
        .facts
        .iter()
        .filter(|f| relations.contains(&f.key.kind))
        .map(|f| (f.get("schema"), f.text("name")))
        .collect();
    let mut chosen: Vec<(usize, &Fact)> = Vec::new();
    let mut after_them: Vec<(usize, &Fact)> = Vec::new();
    let mut moved: BTreeMap<Key, Key> = BTreeMap::new();
    for at in gone {
        let fact = &schema.facts[at];
        let Some(after) = wanted.get_mut(&signature(fact)).filter(|l| !l.is_empty()).map(|l| l.remove(0))
        else {
            continue;
        };
        if !taken.contains(&(after.get("schema"), after.text("name"))) {
            chosen.push((at, after));
        }
    }
    keep_together(schema, new, &mut chosen);
    for (at, after) in chosen {
        let fact = &schema.facts[at];
        let relation = fact.parent.as_ref().map(|p| p.name.clone()).unwrap_or_default();
        let (from, to) = (fact.text("name"), after.text("name"));
        let sql = match fact.key.kind {
            Kind::Index => format!("ALTER INDEX {} RENAME TO {to}", fact.key.name),
            Kind::Constraint => format!("ALTER TABLE {relation} RENAME CONSTRAINT {from} TO {to}"),
            _ => format!("ALTER DOMAIN {relation} RENAME CONSTRAINT {from} TO {to}"),
        };
        moved.insert(fact.key.clone(), after.key.clone());
        renamed.renames.push(Rename { before: fact.key.clone(), after: after.key.clone() });
        renamed.statements.push(Statement::new(sql).exclusive(&relation));
        after_them.push((at, after));
    }
    if moved.is_empty() {
        return;
    }
    let mut facts = schema.facts.as_ref().clone();
    for (at, after) in after_them {
        facts[at].key = after.key.clone();
        facts[at].attrs = after.attrs.clone();
    }
    let indexes: BTreeMap<String, String> =
        renamed.renames.iter().filter_map(|r| index(schema, &r.before).zip(index(new, &r.after))).collect();
    for fact in &mut facts {
        if fact.key.kind == Kind::IndexAttach {
            join(fact, &indexes, &moved);
        } else if let Some(after) = fact.parent.as_ref().and_then(|p| moved.get(p)) {
            fact.key.name = after.to_string();
            fact.parent = Some(after.clone());
        }
    }
    renamed.schema = Schema::new(schema.options.clone(), schema.origin.clone(), facts);
    renamed.pairs = pairs(&renamed.schema, new);
}

/// The qualified name of an index, be it that of a constraint.
fn index(schema: &Schema, key: &Key) -> Option<String> {
    let fact = &schema.facts[schema.find(key)?];
    let indexed = matches!(key.kind, Kind::Index) || matches!(fact.text("type"), "primary key" | "unique");
    indexed.then(|| qualified(fact))
}

fn qualified(fact: &Fact) -> String {
    format!("{}.{}", fact.text("schema"), fact.text("name"))
}

/// The place of an index under its new names.
fn join(attach: &mut Fact, indexes: &BTreeMap<String, String>, moved: &BTreeMap<Key, Key>) {
    if let Some(name) = indexes.get(&attach.key.name) {
        attach.key.name.clone_from(name);
    }
    if let Some(after) = attach.parent.as_ref().and_then(|parent| moved.get(parent)) {
        attach.parent = Some(after.clone());
    }
    for (name, value) in &mut attach.attrs.0 {
        let after = match name.as_ref() {
            "of" => indexes.get(value),
            "of_constraint" => moved.get(&Key::new(Kind::Constraint, value.as_str())).map(|key| &key.name),
            _ => None,
        };
        if let Some(after) = after {
            value.clone_from(after);
        }
    }
}

/// Drops the renames after which an index would be a part of another one than it shall.
fn keep_together(old: &Schema, new: &Schema, chosen: &mut Vec<(usize, &Fact)>) {
    let places = |schema: &Schema| -> BTreeMap<String, String> {
        let attached = schema.facts.iter().filter(|f| f.key.kind == Kind::IndexAttach);
        attached.map(|f| (f.key.name.clone(), f.text("of").to_owned())).collect()
    };
    let (before, after) = (places(old), places(new));
    loop {
        let names: BTreeMap<String, String> =
            chosen.iter().map(|(at, new)| (qualified(&old.facts[*at]), qualified(new))).collect();
        let renamed = |name: &String| names.get(name).unwrap_or(name).clone();
        let torn: BTreeSet<String> = before
            .iter()
            .filter(|(part, whole)| names.contains_key(*part) || names.contains_key(*whole))
            .filter(|(part, whole)| after.get(&renamed(part)) != Some(&renamed(whole)))
            .flat_map(|(part, whole)| [part.clone(), whole.clone()])
            .collect();
        let count = chosen.len();
        let stray = |at: &usize, new: &Fact| {
            !before.contains_key(&qualified(&old.facts[*at])) && after.contains_key(&qualified(new))
        };
        chosen.retain(|(at, new)| !torn.contains(&qualified(&old.facts[*at])) && !stray(at, new));
        if chosen.len() == count {
            return;
        }
    }
}

/// The definition of an index without the index's name.
fn nameless(fact: &Fact, attr: &str, value: &str) -> String {
    match attr {
        "definition" | "index_definition" => {
            value.replacen(&format!(" INDEX {} ON ", fact.text("name")), " INDEX ON ", 1)
        }
        _ => value.to_owned(),
    }
}

/// Removed and added objects of one kind that have the same parts.
pub(in crate::schema) fn likely(old: &Schema, new: &Schema, changes: &[Change]) -> Vec<RenameHint> {
    let shape = |schema: &Schema, key: &Key| {
        let at = schema.find(key)?;
        let fact = &schema.facts[at];
        let own = (fact.parent.clone(), fact.get("type").map(str::to_owned));
        (key.kind == Kind::Column).then_some((own, String::new()))
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
