//! Applies renames to the old schema.

use std::collections::HashMap;

use super::finder::{Finder, Move};
use super::identity_match::IdentityMatcher;
use super::statement::{schema_of, split_arguments};
use super::{PARTS, WHOLE};
use crate::schema::ddl;
use crate::schema::model::{Attr, Draft, Key, Kind, Name, Object, Schema};
use crate::sql::{IdentifierMap, clause, last_part};

impl<'a> Finder<'a> {
    /// The old schema after all renames.
    pub(super) fn renamed(&self, created: &[Key], matcher: &IdentityMatcher<'_>) -> Schema {
        let created = created.iter().filter_map(|key| self.new.get(key));
        let created = created.map(|schema| Object { needs: &[], address: (0, 0, 0), ..schema }.draft());
        let objects = self.old.objects.iter().map(|object| self.carry(&object, matcher));
        let objects = objects.chain(created).collect();
        Schema::new(self.old.options.clone(), self.old.origin.clone(), objects)
    }

    fn carry(&self, object: &Object<'a>, matcher: &IdentityMatcher<'_>) -> Draft<'a> {
        let mut next = object.draft();
        let above = self.above(object);
        let mut names = self.names.clone();
        for m in above.iter().filter_map(|k| self.moves.get(k)).filter(|m| PARTS.contains(&m.before.kind)) {
            names.columns.insert(m.from.clone(), m.to.clone());
        }
        let key = |key: Name<'_>, names: &IdentifierMap| match self.moves.get(&key) {
            Some(m) => m.after.clone(),
            None => Key::new(key.kind, names.key(key.name)),
        };
        next.key = key(object.key, &names);
        next.parent = object.parent.map(|p| key(p, &names));
        let needed = object.needs.iter().map(|n| self.old.objects.at(*n as usize));
        let near: Vec<Name<'_>> =
            needed.flat_map(|n| std::iter::once(n.key).chain(n.parent)).chain(above).collect();
        for renames in near.iter().filter(|k| k.kind == Kind::Composite).filter_map(|k| self.members.get(k)) {
            names.columns.extend(renames.iter().cloned());
        }
        for m in near.iter().filter_map(|k| self.moves.get(k)) {
            match m.before.kind {
                Kind::Column => drop(names.columns.insert(m.from.clone(), m.to.clone())),
                Kind::Table | Kind::View | Kind::MaterializedView => {
                    names.relations.insert(m.from.clone(), m.to.clone());
                }
                Kind::Function | Kind::Aggregate => {
                    let bare = |key: Name<'_>| split_arguments(key).0.to_owned();
                    names.qualified.insert(bare(m.before), bare((&m.after).into()));
                }
                _ => {}
            }
        }
        self.attributes(object, &mut next, &names, matcher);
        self.keep_not_null(object, &mut next);
        next
    }

    /// The object and its ancestors.
    fn above(&self, object: &Object<'a>) -> Vec<Name<'a>> {
        let mut keys = vec![object.key];
        let mut at = *object;
        while let Some(parent) = at.parent.and_then(|p| self.old.get(p)) {
            at = parent;
            keys.push(at.key);
        }
        keys
    }

    fn attributes(
        &self,
        object: &Object<'a>,
        next: &mut Draft<'a>,
        names: &IdentifierMap,
        matcher: &IdentityMatcher<'_>,
    ) {
        let own = self.moves.get(&object.key);
        let counterpart = matcher.counterpart(object).filter(|t| t.key == Name::from(&next.key));
        // A row that was not written since the branch point has the same definition, in the new names.
        let kept = counterpart.filter(|t| t.stamps[1] != 0 && t.stamps[1] == object.stamps[1]);
        for (attr, value) in &mut next.attrs {
            let renamed = match *attr {
                Attr::Name => {
                    let column = object.parent.filter(|_| object.key.kind == Kind::Default);
                    let called = own.or_else(|| column.and_then(|c| self.moves.get(&c)));
                    called.map(|m| m.to.clone())
                }
                Attr::Schema if object.key.kind == Kind::Schema => None,
                Attr::Schema => Some(
                    next.key
                        .name
                        .strip_suffix(&next_name(object, own))
                        .map(|s| s.trim_end_matches('.').to_owned())
                        .filter(|_| WHOLE.contains(&object.key.kind))
                        .unwrap_or_else(|| self.schema_name(value, next.parent.as_ref())),
                ),
                Attr::IdentitySequence => Some(self.follow(value, next.parent.as_ref(), names)),
                attr => in_text(attr, value, names, || match kept.and_then(|t| t.get(attr)) {
                    Some(now) => now.to_owned(),
                    None => {
                        let text = names.text(value);
                        own.map_or(text.clone(), |m| named(object.key.kind, &text, m))
                    }
                }),
            };
            if let Some(renamed) = renamed {
                *value = renamed.into();
            }
        }
    }

    /// A not-null constraint keeps its name when its table or column is renamed.
    fn keep_not_null(&self, object: &Object<'a>, next: &mut Draft<'a>) {
        if object.key.kind != Kind::Column
            || !object.has(Attr::NotNull)
            || self.old.server_version() < 180_000
        {
            return;
        }
        let called = |table: Option<&str>, column: &str| {
            ddl::default_not_null(last_part(table.unwrap_or_default()), column)
        };
        let column = next.attrs.iter().find(|(name, _)| *name == Attr::Name).map(|(_, name)| name.as_ref());
        let before = called(object.parent.map(|p| p.name), object.text(Attr::Name));
        let after = called(next.parent.as_ref().map(|p| p.name.as_str()), column.unwrap_or_default());
        if before == after {
            return;
        }
        let inherited = object.has(Attr::InheritedNotNullName) || object.has(Attr::HasParent);
        let attr = if inherited { Attr::InheritedNotNullName } else { Attr::NotNullConstraint };
        let named = |name: &str| if inherited { name.to_owned() } else { format!("CONSTRAINT {name}") };
        match object.get(attr).filter(|text| inherited || text.starts_with("CONSTRAINT")) {
            Some(text) if text == named(&after) => next.attrs.retain(|(other, _)| *other != attr),
            Some(_) => {}
            None => {
                let rest = object.get(attr).map(|flags| format!(" {flags}")).unwrap_or_default();
                next.attrs.retain(|(other, _)| *other != attr);
                // Keeps the order in which attributes are read.
                let place =
                    next.attrs.iter().position(|(name, _)| *name == Attr::NotNull).map_or(0, |at| at + 1);
                next.attrs.insert(place, (attr, (named(&before) + &rest).into()));
            }
        }
    }

    /// Takes the schema of a part from its table.
    fn schema_name(&self, value: &str, parent: Option<&Key>) -> String {
        let of_parent = parent.and_then(|p| self.new.get(p)).and_then(|parent| parent.get(Attr::Schema));
        of_parent.or_else(|| self.names.schemas.get(value).map(String::as_str)).unwrap_or(value).to_owned()
    }

    /// Moves the sequence of an identity to the schema of its table.
    fn follow(&self, sequence: &str, table: Option<&Key>, names: &IdentifierMap) -> String {
        let moved = table.and_then(|t| self.moves.values().find(|m| m.after == *t));
        let from = moved.map(|m| schema_of(m.before, &m.from));
        let to = moved.and_then(|m| self.new.get(&m.after)).and_then(|table| table.get(Attr::Schema));
        match from
            .zip(to)
            .and_then(|(from, to)| sequence.strip_prefix(&format!("{from}.")).map(|name| (to, name)))
        {
            Some((schema, name)) => format!("{schema}.{name}"),
            None => names.text(sequence),
        }
    }
}

fn next_name(object: &Object, own: Option<&Move<'_>>) -> String {
    let name = own.map_or(object.text(Attr::Name), |m| m.to.as_str());
    let key = own.map_or(object.key, |m| (&m.after).into());
    format!("{name}{}", split_arguments(key).1)
}

/// Definitions hold the unqualified name of their object.
fn named(kind: Kind, text: &str, m: &Move<'_>) -> String {
    let word = match kind {
        Kind::Index | Kind::Constraint => "INDEX",
        Kind::Trigger => "TRIGGER",
        Kind::Rule => "RULE",
        _ => return text.to_owned(),
    };
    let after = clause(text, word).and_then(|place| {
        let name = text[place.end..].strip_prefix(' ')?;
        let rest = name.strip_prefix(&m.from).filter(|rest| rest.starts_with(' '))?;
        Some(format!("{} {}{rest}", &text[..place.end], m.to))
    });
    after.unwrap_or_else(|| text.to_owned())
}

/// Renames within the text of an attribute; `None` where it has no name that follows.
fn in_text(
    attr: Attr,
    value: &str,
    names: &IdentifierMap,
    definition: impl FnOnce() -> String,
) -> Option<String> {
    match attr {
        Attr::ArgumentNames
        | Attr::ColumnTypes
        | Attr::Labels
        | Attr::Text
        | Attr::NotNullComment
        | Attr::PrivilegeGrantee
        | Attr::Role
        | Attr::Grantee => None,
        Attr::Type | Attr::OfType | Attr::Server | Attr::Attributes => {
            Some(IdentifierMap { columns: HashMap::new(), ..names.clone() }.text(value))
        }
        Attr::Definition
        | Attr::Expression
        | Attr::Using
        | Attr::WithCheck
        | Attr::Where
        | Attr::Bound
        | Attr::Default
        | Attr::DefaultText
        | Attr::Generated
        | Attr::GeneratedVirtual
        | Attr::IndexDefinition => Some(definition()),
        _ => Some(names.text(value)),
    }
}
