//! The statements for renames: through temporary names where names are swapped, then to the new ones.

use std::collections::BTreeSet;

use super::finder::Finder;
use super::statement::{rename, schema_of, sibling, step};
use super::{Renamed, WHOLE};
use crate::schema::model::{Attr, Constraint, Key, Kind, Name, Namespace, Object, TEMPORARY, occupied};
use crate::schema::statement::Statement;

impl<'a> Finder<'a> {
    /// The statements for all moves of some kinds: to temporary names where needed, then to the new names.
    pub(super) fn plan(&mut self, kinds: &[Kind], renamed: &mut Renamed) {
        if !self.moves.keys().any(|key| kinds.contains(&key.kind)) {
            return;
        }
        self.note_names(kinds);
        let moving: Vec<Name<'a>> = self.moves.keys().filter(|k| kinds.contains(&k.kind)).copied().collect();
        let (mut away, mut direct, mut last) = (Vec::new(), Vec::new(), Vec::new());
        for key in moving {
            let Some(object) = self.old.get(key) else { continue };
            let here = self.carried(&object);
            let Some(m) = self.moves.get(&key) else { continue };
            let (after, from, to) = (m.after.clone(), m.from.clone(), m.to.clone());
            if here == after || self.is_renamed_above(&object) {
                continue;
            }
            let holders: BTreeSet<Name<'a>> = slots(&object, &after.name)
                .iter()
                .filter_map(|slot| self.taken.get(slot))
                .filter(|holder| **holder != key)
                .copied()
                .collect();
            for holder in &holders {
                if !self.moves.contains_key(holder) {
                    away.extend(self.rename_away(*holder));
                }
            }
            let target = self.new.get(&after).and_then(|to| to.get(Attr::Schema)).unwrap_or_default();
            let schema = schema_of(&here, &from);
            let whole = kinds.contains(&Kind::Table);
            let moved = whole && key.kind != Kind::Index && schema != target;
            if moved
                && self.old.object(Kind::Schema, target).is_none()
                && !self.names.schemas.values().any(|s| *s == target)
            {
                let schema = Key::new(Kind::Schema, target);
                if !renamed.schemas.contains(&schema) {
                    renamed.schemas.push(schema);
                }
            }
            if holders.is_empty() && (!moved || from == to) {
                direct.push(match moved {
                    true => step(&object, &here, &format!("SET SCHEMA {target}"), &after),
                    false => rename(&object, &here, &from, &to, &after),
                });
                continue;
            }
            let between = self.free_name();
            away.push(rename(&object, &here, &from, &between, &after));
            let mut at = sibling(&here, &from, &between);
            if moved {
                last.push(step(&object, &at, &format!("SET SCHEMA {target}"), &after));
                at = Key::new(
                    at.kind,
                    format!("{target}{}", at.name.strip_prefix(&schema).unwrap_or(&at.name)),
                );
            }
            last.push(rename(&object, &at, &between, &to, &after));
        }
        self.statements.extend(away.into_iter().chain(direct).chain(last));
    }

    /// Records the holders of all names after the renames of schemas.
    fn note_names(&mut self, kinds: &[Kind]) {
        self.taken.clear();
        let named = |kind: Kind| WHOLE.contains(&kind) || kind == Kind::Constraint || kinds.contains(&kind);
        for object in self.old.objects.iter().filter(|object| named(object.key.kind)) {
            for slot in slots(&object, &self.carried(&object).name) {
                self.taken.insert(slot, object.key);
            }
        }
    }

    /// Whether renaming the parent's column or constraint renames this one.
    fn is_renamed_above(&self, object: &Object) -> bool {
        match object.key.kind {
            Kind::Column => object.has(Attr::HasParent) || self.is_renamed_with_type(object),
            Kind::Constraint => Constraint::of(*object).is_some_and(Constraint::is_inherited_check),
            _ => false,
        }
    }

    fn free_name(&mut self) -> String {
        loop {
            self.temporary_names += 1;
            let name = format!("{TEMPORARY}renamed_{}", self.temporary_names);
            if !self.taken_names.contains(name.as_str()) {
                return name;
            }
        }
    }

    /// Renames an object that will be dropped, to free its name.
    fn rename_away(&mut self, holder: Name<'a>) -> Option<Statement> {
        let object = self.old.get(holder)?;
        let (here, from, to) = (self.carried(&object), object.text(Attr::Name).to_owned(), self.free_name());
        let after = sibling(&here, &from, &to);
        let statement = rename(&object, &here, &from, &to, &after);
        self.record(&object, after, &to);
        Some(statement)
    }
}

/// The names that an object occupies under this key.
fn slots(object: &Object, key: &str) -> Vec<(Namespace, String)> {
    if WHOLE.contains(&object.key.kind) {
        return occupied(&Object { key: Name::new(object.key.kind, key), ..*object });
    }
    vec![(Namespace::Own(object.key.kind), key.to_owned())]
}
