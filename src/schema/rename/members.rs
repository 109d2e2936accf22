//! Renames of the labels of enumerated types and of the attributes of composite types.
//!
//! Both keep their catalog number when they are renamed. As with objects, an equal number is no proof after a branch:
//! it counts only for a member that is older than the branch point.

use super::finder::Finder;
use super::identity_match::{IdentityMatcher, earlier, not_before};
use crate::schema::hazard::HazardKind;
use crate::schema::model::{Attr, Composite, Enum, Kind, Name, Object, TEMPORARY};
use crate::schema::statement::Statement;
use crate::sql::{entries, entry};

/// A label or an attribute.
#[derive(Clone, Copy)]
struct Member<'a> {
    name: &'a str,
    number: u32,
    stamp: u32,
}

fn members<'a>(object: &Object<'a>) -> Vec<Member<'a>> {
    let names = match object.key.kind {
        Kind::Enum => Enum::new(object).labels(),
        _ => Composite::new(object).attributes().into_iter().map(|(name, _)| name).collect(),
    };
    let numbers = entries(object.text(Attr::PartNumbers)).into_iter().map(entry);
    let numbers = numbers.filter_map(|(number, stamp)| Some((number.parse().ok()?, stamp.parse().ok()?)));
    let named = names.into_iter().zip(numbers);
    named.map(|(name, (number, stamp))| Member { name, number, stamp }).collect()
}

impl<'a> Finder<'a> {
    /// Whether a type that has its old name has other members.
    pub(super) fn any_member_differs(&self) -> bool {
        let types = [Kind::Enum, Kind::Composite].into_iter().flat_map(|kind| self.old.objects.of_kind(kind));
        types.into_iter().any(|object| {
            let after = self.new.get(object.key);
            after.is_some_and(|after| after.identity() == object.identity() && !after.same_as(&object))
        })
    }

    /// Finds the renamed members of types. Their types have their new names by then.
    pub(super) fn members(&mut self, matcher: &IdentityMatcher<'a>) {
        for kind in [Kind::Enum, Kind::Composite] {
            for object in self.old.objects.of_kind(kind) {
                let Some(after) = matcher.counterpart(&object) else { continue };
                let here = match self.moves.get(&object.key) {
                    Some(moved) => moved.after.clone(),
                    None => self.carried(&object),
                };
                let renames = renamed(&object, &after, matcher);
                if Name::from(&here) == after.key && !renames.is_empty() {
                    let statements = self.rename_members(&object, &after, &renames);
                    self.statements.extend(statements);
                    self.members.insert(object.key, renames);
                }
            }
        }
    }

    /// The renames, through temporary names where two members swap theirs.
    fn rename_members(
        &self,
        object: &Object<'a>,
        after: &Object<'a>,
        renames: &[(String, String)],
    ) -> Vec<Statement> {
        let both: Vec<&str> = members(object).iter().chain(&members(after)).map(|m| m.name).collect();
        let (mut direct, mut last, mut number) = (Vec::new(), Vec::new(), 0);
        let mut away = Vec::new();
        for (from, to) in renames {
            if !renames.iter().any(|(other, _)| other == to) {
                direct.push(self.rename_member(object, after, [from, to], true));
                continue;
            }
            let between = loop {
                number += 1;
                let name = format!("{TEMPORARY}renamed_{number}");
                if !both.iter().any(|taken| taken.contains(&name)) {
                    break if object.key.kind == Kind::Enum { format!("'{name}'") } else { name };
                }
            };
            away.push(self.rename_member(object, after, [from, &between], false));
            last.push(self.rename_member(object, after, [&between, to], true));
        }
        away.into_iter().chain(direct).chain(last).collect()
    }

    fn rename_member(
        &self,
        object: &Object<'a>,
        after: &Object<'a>,
        [from, to]: [&str; 2],
        is_final: bool,
    ) -> Statement {
        let name = after.key.name;
        let mut statement = if object.key.kind == Kind::Enum {
            Statement::new(format!("ALTER TYPE {name} RENAME VALUE {from} TO {to}"))
        } else {
            let tables: Vec<Name<'_>> = self.typed_tables(object.key).collect();
            let cascade = if tables.is_empty() { "" } else { " CASCADE" };
            let sql = format!("ALTER TYPE {name} RENAME ATTRIBUTE {from} TO {to}{cascade}");
            tables.iter().fold(Statement::new(sql), |statement, table| {
                statement
                    .exclusive(self.moves.get(table).map_or(table.name, |moved| moved.after.name.as_str()))
            })
        };
        if is_final {
            statement = statement.hazard(HazardKind::BreaksClients, name, format!("{from} is called {to}"));
        }
        statement
    }

    /// The tables of a composite type, whose columns are renamed with its attributes.
    fn typed_tables(&self, of: Name<'a>) -> impl Iterator<Item = Name<'a>> {
        let tables = self.old.objects.of_kind(Kind::Table);
        tables.filter(move |table| table.get(Attr::OfType) == Some(of.name)).map(|table| table.key)
    }

    /// Whether a column is renamed with an attribute of the type of its table.
    pub(super) fn is_renamed_with_type(&self, column: &Object<'_>) -> bool {
        let table = column.parent.and_then(|table| self.old.get(table));
        let of = table.and_then(|table| table.get(Attr::OfType));
        let renames = of.and_then(|of| self.members.get(&Name::new(Kind::Composite, of)));
        renames.is_some_and(|renames| renames.iter().any(|(from, _)| from == column.text(Attr::Name)))
    }
}

/// The members that certainly have another name. One whose new name is held by a member that keeps it is none of them.
fn renamed(object: &Object<'_>, after: &Object<'_>, matcher: &IdentityMatcher<'_>) -> Vec<(String, String)> {
    let (before, now) = (members(object), members(after));
    let counterpart = |m: &Member<'_>| now.iter().find(|other| other.number == m.number).copied();
    let pairs: Vec<_> = before.iter().filter_map(|m| Some((*m, counterpart(m)?))).collect();
    let kept: Vec<Member<'_>> =
        pairs.iter().filter(|(m, n)| m.stamp == n.stamp && m.name == n.name).map(|(m, _)| *m).collect();
    let of_type = (object.stamps[0] == after.stamps[0]).then_some(object.stamps[0]);
    let predates = |m: &Member<'_>, stamp: u32| {
        kept.iter().map(|m| m.stamp).chain(of_type).any(|common| not_before(common, stamp))
            || object.key.kind == Kind::Composite && kept.iter().any(|other| other.number > m.number)
            || matcher.predates_branch(stamp, object.key)
    };
    let mut renames: Vec<(String, String)> = pairs
        .iter()
        .filter(|(m, n)| m.name != n.name && m.stamp != n.stamp && predates(m, earlier(m.stamp, n.stamp)))
        .map(|(m, n)| (m.name.to_owned(), n.name.to_owned()))
        .collect();
    loop {
        let moves = |name: &str| renames.iter().any(|(from, _)| from == name);
        let held = |name: &str| before.iter().any(|m| m.name == name) && !moves(name);
        let Some(at) = renames.iter().position(|(_, to)| held(to)) else { return renames };
        renames.remove(at);
    }
}
