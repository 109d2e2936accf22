//! Decides whether two objects with the same address are the same one, or were created independently after the branch
//! point.
//!
//! After a branch both sides hand out the same OIDs and attribute numbers, so an equal number alone proves nothing.
//! The transaction that wrote a catalog row does: a row unchanged since the branch point has the same transaction on
//! both sides, and a renamed row has another one than when it was created.

use std::collections::{BTreeMap, HashMap};

use crate::schema::model::{Attr, Identity, Kind, Name, Object, Schema};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    Same,
    Different,
    /// Neither can be proved.
    Unclear,
}

/// Matches objects that both sides have from before the branch point.
pub(super) struct IdentityMatcher<'a> {
    old: &'a Schema,
    new: &'a Schema,
    /// The positions of the objects of the new schema.
    addresses: HashMap<Identity, usize>,
    /// The latest transaction that wrote an object which is equal on both sides, and the latest one for another object.
    latest: [Option<(u32, Name<'a>)>; 2],
    /// The columns of each table that are equal on both sides: attribute number and transaction.
    columns: BTreeMap<Name<'a>, Vec<(i32, u32)>>,
}

/// Whether transaction `one` is not before `other`; their numbers wrap around.
pub(super) fn not_before(one: u32, other: u32) -> bool {
    one.wrapping_sub(other) < u32::MAX / 2
}

/// Whether two columns have the same definition. Since 18 a not-null constraint keeps the name derived from the
/// table's old name, so its name is ignored.
fn same_definition(one: &Object, other: &Object) -> bool {
    let counted = |(attr, _): &(Attr, &str)| *attr != Attr::NotNullConstraint;
    one.attrs.compared().filter(counted).eq(other.attrs.compared().filter(counted))
}

pub(super) fn earlier(one: u32, other: u32) -> u32 {
    if not_before(one, other) { other } else { one }
}

impl<'a> IdentityMatcher<'a> {
    pub(super) fn new(old: &'a Schema, new: &'a Schema) -> Self {
        let addresses = new.by_address();
        let mut matcher = Self { old, new, addresses, latest: [None, None], columns: BTreeMap::new() };
        for object in old.objects.iter().filter(|f| f.stamps[0] != 0) {
            let Some(counterpart) = matcher.counterpart(&object) else { continue };
            if counterpart.key != object.key
                || counterpart.stamps[0] != object.stamps[0]
                || !counterpart.same_as(&object)
            {
                continue;
            }
            if let Some(table) = object.parent.filter(|_| object.key.kind == Kind::Column) {
                matcher.columns.entry(table).or_default().push((object.address.2, object.stamps[0]));
            }
            matcher.note(object.stamps[0], root(old, &object));
        }
        matcher
    }

    fn note(&mut self, stamp: u32, root: Name<'a>) {
        let [first, second] = &mut self.latest;
        match first {
            Some((latest, key)) if *key == root => {
                *latest = if not_before(stamp, *latest) { stamp } else { *latest }
            }
            Some((latest, _)) if !not_before(stamp, *latest) => {
                if second.as_ref().is_none_or(|(other, _)| not_before(stamp, *other)) {
                    *second = Some((stamp, root));
                }
            }
            _ => *second = first.replace((stamp, root)),
        }
    }

    /// Whether another object from before the branch point is not older than this transaction.
    pub(super) fn predates_branch(&self, stamp: u32, root: Name<'_>) -> bool {
        self.latest.iter().flatten().any(|(latest, key)| *key != root && not_before(*latest, stamp))
    }

    /// The object of the new schema with the same identity.
    pub(super) fn counterpart(&self, object: &Object) -> Option<Object<'a>> {
        self.addresses.get(&object.identity()?).map(|at| self.new.objects.at(*at))
    }

    pub(super) fn matches(&self, old: &Object, new: &Object) -> Match {
        if old.stamps[0] == 0 || new.stamps[0] == 0 {
            return Match::Different;
        }
        match old.key.kind {
            Kind::Table => self.table(old, new),
            Kind::Column => self.column(old, new),
            Kind::Schema => self.schema(old, new),
            _ => self.other(old, new),
        }
    }

    fn table(&self, old: &Object, new: &Object) -> Match {
        let ([_, type_before, made], [_, type_after, made_too]) = (old.stamps, new.stamps);
        if made != made_too || type_before == type_after || old.has(Attr::Foreign) != new.has(Attr::Foreign) {
            return Match::Different;
        }
        if self.predates_branch(made, root(self.old, old)) || self.shares_parts(old, new) {
            return Match::Same;
        }
        Match::Unclear
    }

    /// Whether at least half of the columns are the same on both sides. Different transactions for the table's row type
    /// show that only one of the sides renamed or moved it.
    fn shares_parts(&self, old: &Object, new: &Object) -> bool {
        let (mut columns, mut alike) = (0, 0);
        let first = format!("{}.", old.key.name);
        let near = self.old.objects.since(Name::new(Kind::Column, &first)).map(|(_, object)| object);
        for object in near.take_while(|f| f.key.kind == Kind::Column && f.key.name.starts_with(old.key.name))
        {
            if object.parent != Some(old.key) {
                continue;
            }
            columns += 1;
            let counterpart = self.counterpart(&object).filter(|t| t.parent == Some(new.key));
            alike += i32::from(
                counterpart.is_some_and(|t| t.stamps[0] == object.stamps[0] && same_definition(&t, &object)),
            );
        }
        columns > 0 && alike * 2 >= columns && old.owner == new.owner
    }

    fn column(&self, old: &Object, new: &Object) -> Match {
        let (before, after) = (old.stamps[0], new.stamps[0]);
        let table = |schema: &'a Schema, object: &Object| object.parent.and_then(|p| schema.get(p));
        let Some((table_before, table_after)) = table(self.old, old).zip(table(self.new, new)) else {
            return Match::Different;
        };
        let made = table_before.stamps[2];
        if before == after || made != table_after.stamps[2] {
            return Match::Different;
        }
        let (first, last) = if not_before(after, before) { (before, after) } else { (after, before) };
        let alike = nameless(old).eq(nameless(new));
        let later = self
            .columns
            .get(&table_before.key)
            .is_some_and(|columns| columns.iter().any(|(number, _)| *number > old.address.2));
        let same_table = table_before.stamps[0] == table_after.stamps[0];
        // The table was not written since, so a newer column was changed rather than added.
        let untouched = same_table
            && not_before(table_before.stamps[0], first)
            && !not_before(table_before.stamps[0], last);
        if first == made
            || later
            || (untouched && alike)
            || self.predates_branch(earlier(before, after), root(self.old, old))
        {
            return Match::Same;
        }
        let added = before == table_before.stamps[0] && after == table_after.stamps[0];
        if added || old.text(Attr::Type) != new.text(Attr::Type) { Match::Different } else { Match::Unclear }
    }

    fn schema(&self, old: &Object, new: &Object) -> Match {
        if old.stamps[0] == new.stamps[0] {
            return Match::Different;
        }
        let inside = self
            .old
            .objects
            .iter()
            .filter(|f| f.get(Attr::Schema) == Some(old.text(Attr::Name)) && f.address.1 != 0);
        let mut empty = true;
        for object in inside.filter(|f| f.parent.is_none()) {
            empty = false;
            if self.counterpart(&object).is_some_and(|t| {
                t.get(Attr::Schema) == Some(new.text(Attr::Name)) && t.stamps[2] == object.stamps[2]
            }) {
                return Match::Same;
            }
        }
        if empty || self.predates_branch(earlier(old.stamps[0], new.stamps[0]), old.key) {
            return Match::Same;
        }
        Match::Unclear
    }

    /// Matches objects without rows. These can be recreated, so only those equal except for their names must be the
    /// same.
    fn other(&self, old: &Object, new: &Object) -> Match {
        let (before, after) = (old.stamps[0], new.stamps[0]);
        if before == after {
            return Match::Different;
        }
        let untouched = old.stamps[1] == new.stamps[1];
        // A position or stored rows must not end up under the name of another object.
        let holds = matches!(old.key.kind, Kind::Sequence | Kind::MaterializedView);
        if untouched
            || (!holds && nameless(old).eq(nameless(new)))
            || self.predates_branch(earlier(before, after), root(self.old, old))
        {
            return Match::Same;
        }
        Match::Different
    }
}

/// The attributes except names.
fn nameless<'a>(object: &Object<'a>) -> impl Iterator<Item = (Attr, &'a str)> {
    object.attrs.compared().filter(|(name, _)| {
        !matches!(name, Attr::Name | Attr::Schema | Attr::Definition | Attr::IndexDefinition)
    })
}

/// The object at the top that an object is a part of.
fn root<'a>(schema: &'a Schema, object: &Object<'a>) -> Name<'a> {
    let mut at = *object;
    while let Some(above) = at.parent.and_then(|p| schema.get(p)) {
        at = above;
    }
    at.key
}

#[cfg(test)]
mod tests;
