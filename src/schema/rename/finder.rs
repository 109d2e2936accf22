//! Finds the objects with another name in the new schema: containers before their contents.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::identity_match::{IdentityMatcher, Match};
use super::statement::{create_schema, split_arguments};
use super::{PARTS, Rename, Renamed, WHOLE};
use crate::schema::error::Refusal;
use crate::schema::hazard::HazardKind;
use crate::schema::model::{Attr, Key, Kind, Name, Namespace, Object, Pair, Schema, pairs, taken_names};
use crate::schema::statement::Statement;
use crate::sql::IdentifierMap;

/// An object and its new name.
pub(super) struct Move<'a> {
    pub(super) before: Name<'a>,
    pub(super) after: Key,
    /// Its unqualified names before and after.
    pub(super) from: String,
    pub(super) to: String,
}

/// The renames found so far.
pub(super) struct Finder<'a> {
    pub(super) old: &'a Schema,
    pub(super) new: &'a Schema,
    pub(super) names: IdentifierMap,
    pub(super) moves: BTreeMap<Name<'a>, Move<'a>>,
    /// The renamed labels and attributes of types.
    pub(super) members: BTreeMap<Name<'a>, Vec<(String, String)>>,
    /// The holders of names, once schemas are renamed.
    pub(super) taken: HashMap<(Namespace, String), Name<'a>>,
    pub(super) statements: Vec<Statement>,
    pub(super) temporary_names: u32,
    /// Names with which the temporary ones could collide.
    pub(super) taken_names: HashSet<&'a str>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(old: &'a Schema, new: &'a Schema) -> Self {
        Self {
            old,
            new,
            names: IdentifierMap::default(),
            moves: BTreeMap::new(),
            members: BTreeMap::new(),
            taken: HashMap::new(),
            statements: Vec::new(),
            temporary_names: 0,
            taken_names: HashSet::new(),
        }
    }

    pub(super) fn run(mut self, renamed: &mut Renamed) {
        if !self.any_renamed(&renamed.pairs) && !self.any_member_differs() {
            return;
        }
        self.taken_names = taken_names(self.old).into_iter().chain(taken_names(self.new)).collect();
        let matcher = IdentityMatcher::new(self.old, self.new);
        self.schemas(&matcher, renamed);
        for kinds in [&WHOLE[..], &PARTS[..]] {
            for kind in kinds {
                self.objects(*kind, &matcher, renamed);
            }
            self.plan(kinds, renamed);
            if *kinds == WHOLE {
                self.members(&matcher);
            }
        }
        if self.moves.is_empty() && self.members.is_empty() {
            return;
        }
        let known = self.moves.values().filter(|m| self.new.find(&m.after).is_some());
        renamed.renames =
            known.map(|m| Rename { before: m.before.to_key(), after: m.after.clone() }).collect();
        renamed.schema = self.renamed(&renamed.schemas, &matcher);
        let carried = |key: &Name<'_>| {
            self.moves.get(key).map_or_else(|| self.names.key(key.name), |m| m.after.name.clone())
        };
        renamed.members = self
            .members
            .iter()
            .map(|(key, names)| (Key::new(key.kind, carried(key)), names.clone()))
            .collect();
        renamed.pairs = pairs(&renamed.schema, self.new);
        let keys = || (0..renamed.schema.len()).map(|at| renamed.schema.objects.key(at));
        if let Some((twice, _)) = keys().zip(keys().skip(1)).find(|(one, next)| one == next) {
            let reason = "renames lead two objects to this name".to_owned();
            renamed.refusals.push(Refusal { object: twice.to_string(), reason });
        }
        renamed.statements = renamed.schemas.iter().map(create_schema).chain(self.statements).collect();
    }

    /// Whether an object of the old schema has another name in the new one. Objects of the same name and identity on
    /// both sides need no lookup.
    fn any_renamed(&self, pairs: &[Pair]) -> bool {
        let identity = |schema: &Schema, at: Option<usize>| schema.objects.identity(at?);
        let (mut before, mut after) = (Vec::new(), HashSet::new());
        for (one, other) in pairs {
            let (one, other) = (identity(self.old, *one), identity(self.new, *other));
            if one != other {
                before.extend(one);
                after.extend(other);
            }
        }
        before.iter().any(|identity| after.contains(identity))
    }

    fn schemas(&mut self, matcher: &IdentityMatcher<'a>, renamed: &mut Renamed) {
        for object in self.old.objects.of_kind(Kind::Schema) {
            let Some(after) = matcher.counterpart(&object).filter(|a| a.key != object.key) else { continue };
            match matcher.matches(&object, &after) {
                Match::Same => self.schema(&object, &after),
                Match::Different => {}
                Match::Unclear => renamed.refusals.push(unclear(&object, &after)),
            }
        }
    }

    fn objects(&mut self, kind: Kind, matcher: &IdentityMatcher<'a>, renamed: &mut Renamed) {
        let mut found = Vec::new();
        for object in self.old.objects.of_kind(kind) {
            let Some(after) = matcher.counterpart(&object) else {
                self.follow_table(&object);
                continue;
            };
            // Nearly every object of a branch still has its name.
            if object.key == after.key && self.moves.is_empty() && self.statements.is_empty() {
                continue;
            }
            let here = self.carried(&object);
            if Name::from(&here) == after.key {
                if after.key != object.key {
                    self.record(&object, here, after.text(Attr::Name));
                }
                continue;
            }
            if object.key == after.key || !self.fits(&object, &after) {
                continue;
            }
            match matcher.matches(&object, &after) {
                Match::Same => found.push((object, after)),
                Match::Unclear if matches!(kind, Kind::Table | Kind::Column) => {
                    renamed.refusals.push(unclear(&object, &after));
                }
                Match::Different | Match::Unclear => {}
            }
        }
        for (object, after) in found {
            self.record(&object, after.key.to_key(), after.text(Attr::Name));
        }
    }

    /// Records that an index or sequence which the new schema does not have is in the schema of its moved table.
    fn follow_table(&mut self, object: &Object<'a>) {
        if matches!(object.key.kind, Kind::Index | Kind::Sequence) && !self.moves.is_empty() {
            let here = self.carried(object);
            if Name::from(&here) != object.key {
                self.record(object, here, object.text(Attr::Name));
            }
        }
    }

    fn schema(&mut self, object: &Object<'a>, after: &Object<'a>) {
        let (from, to) = (object.key.name, after.key.name);
        let statement = Statement::new(format!("ALTER SCHEMA {from} RENAME TO {to}"));
        self.statements.push(statement.hazard(
            HazardKind::BreaksClients,
            from,
            format!("{} is called {to}", object.key),
        ));
        self.names.schemas.insert(from.to_owned(), to.to_owned());
        self.record(object, after.key.to_key(), to);
    }

    pub(super) fn record(&mut self, object: &Object<'a>, after: Key, to: &str) {
        if WHOLE.contains(&object.key.kind) && !matches!(object.key.kind, Kind::Function | Kind::Aggregate) {
            self.names.qualified.insert(object.key.name.to_owned(), after.name.clone());
        }
        let (before, from) = (object.key, object.text(Attr::Name).to_owned());
        self.moves.insert(before, Move { before, after, from, to: to.to_owned() });
    }

    /// The key of the object once its schema, table or owner has its new name.
    pub(super) fn carried(&self, object: &Object) -> Key {
        let name = object.text(Attr::Name);
        let follows = match object.key.kind {
            Kind::Index => object.parent,
            Kind::Sequence => self
                .old
                .object(Kind::SequenceOwner, object.key.name)
                .map(|owner| Name::new(Kind::Table, owner.text(Attr::Table))),
            _ => None,
        };
        let table = follows.as_ref().and_then(|key| self.moves.get(key));
        if let Some(schema) =
            table.and_then(|m| self.new.get(&m.after)).and_then(|table| table.get(Attr::Schema))
        {
            return Key::new(object.key.kind, format!("{schema}.{name}"));
        }
        if PARTS.contains(&object.key.kind) {
            let parent = self.parent(object).map(|p| p.name).unwrap_or_default();
            return Key::new(object.key.kind, format!("{parent}.{name}"));
        }
        // Only its schema and arguments can have been renamed already: its own new name is the result.
        let schemas = IdentifierMap { schemas: self.names.schemas.clone(), ..IdentifierMap::default() };
        let (own, rest) = split_arguments(object.key);
        Key::new(object.key.kind, format!("{}{}", schemas.key(own), self.names.key(rest)))
    }

    /// Whether both are parts of one thing.
    fn fits(&self, object: &Object, after: &Object) -> bool {
        self.parent(object) == after.parent
    }

    /// The parent of an object, by its new name.
    fn parent<'s>(&'s self, object: &Object<'s>) -> Option<Name<'s>> {
        object.parent.map(|parent| self.moves.get(&parent).map_or(parent, |m| Name::from(&m.after)))
    }
}

fn unclear(old: &Object, new: &Object) -> Refusal {
    let reason = format!(
        "it may have become {}, or both were made since the two databases parted: rename it on one side first, or drop it",
        new.key
    );
    Refusal { object: old.key.to_string(), reason }
}
