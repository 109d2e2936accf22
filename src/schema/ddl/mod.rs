//! The SQL that creates, drops and alters each kind of object.

mod access;
mod column;
mod constraint;
mod foreign;
mod identity;
mod index;
mod not_null;
mod operators;
mod partition;
mod publication;
mod relation;
mod retype;
mod routines;
mod table;
mod text_search;
mod types;

use std::collections::BTreeSet;

use super::model::{Adjacency, Attr, Key, Kind, Object, Schema};
use super::statement::Statement;

pub(super) use access::{born_with, shift_privileges};
pub(super) use column::{is_partition_key, parent_column, stored};
pub(super) use constraint::{adopt, same_index};
pub(super) use index::{INVALID as INVALID_INDEX, build_aside};
pub(super) use not_null::{default_name as default_not_null, keep as keep_not_null};
pub(super) use retype::{base, retype};
pub(super) use table::inherit;

/// What statements are made for.
pub(super) struct Context<'a> {
    pub(super) old: &'a Schema,
    pub(super) new: &'a Schema,
    /// Whether statements must let reads and writes go on.
    pub(super) online: bool,
    /// Tables and materialised views this plan creates: nobody waits for them.
    pub(super) fresh: BTreeSet<&'a str>,
    /// Positions in the new schema of objects that are created as a part of their table or column.
    pub(super) inline: BTreeSet<usize>,
    pub(super) new_parts: &'a Adjacency,
}

impl<'a> Context<'a> {
    pub(super) fn is_fresh(&self, relation: &str) -> bool {
        self.fresh.contains(relation)
    }

    /// The parts of an object of the new schema.
    pub(super) fn parts(&self, object: &Object) -> impl Iterator<Item = (usize, Object<'a>)> + use<'a, '_> {
        let at = self.new.find(object.key);
        let new = self.new;
        at.into_iter()
            .flat_map(|at| self.new_parts.of(at))
            .map(move |p| (*p as usize, new.objects.at(*p as usize)))
    }
}

/// How a changed object gets from old to new.
pub(super) enum AlterStrategy {
    /// By these statements; what depends on it stays.
    Alter(Vec<Statement>),
    /// By these statements; what depends on the type of it is dropped before and made anew.
    Retype(Vec<Statement>),
    /// Dropped and created.
    Replace,
    /// Not at all.
    Refuse(String),
}

/// How an index gets a new definition without ever being absent.
pub(super) struct Swap {
    /// Builds the new one under a name of its own.
    pub(super) ahead: Vec<Statement>,
    /// Puts it in the place of the old one, in one transaction.
    pub(super) exchange: Vec<Statement>,
    /// Removes the old one.
    pub(super) purge: Vec<Statement>,
}

/// What a changed index is bound to.
pub(super) struct Place<'a> {
    /// Whether it goes with the partitioned index it is a part of.
    pub(super) hosted: bool,
    /// Whether foreign keys need it.
    pub(super) referenced: bool,
    /// The tables of the indexes that are parts of it.
    pub(super) partitions: Vec<&'a str>,
}

/// The swap of a changed index, primary key or unique constraint, if that is possible.
pub(super) fn swap(ctx: &Context<'_>, old: &Object, new: &Object, place: &Place<'_>) -> Option<Swap> {
    match new.key.kind {
        Kind::Index => Some(index::swap(ctx, old, new, place)),
        Kind::Constraint => constraint::swap(ctx, old, new, place),
        _ => None,
    }
}

/// The name something goes by while it makes way for its successor, or the successor while it is made.
pub(super) fn temporary(role: &str, object: &Object) -> String {
    let name = object.text(Attr::Name);
    let plain: String = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .take(40)
        .collect::<String>()
        .to_lowercase();
    if plain == name {
        return format!("lakebase_{role}_{plain}");
    }
    // Names that are alike once shortened still differ by this.
    let digest = object
        .key
        .name
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("lakebase_{role}_{plain}_{digest:08x}")
}

/// The statements that create an object.
pub(super) fn create(ctx: &Context<'_>, object: &Object) -> Vec<Statement> {
    match object.key.kind {
        Kind::Table => table::create(ctx, object),
        Kind::Partition => partition::attach(ctx, object),
        Kind::Column => column::create(ctx, object),
        Kind::Default => column::set_default(object),
        Kind::Constraint => constraint::create(ctx, object),
        Kind::Index => index::create(ctx, object),
        Kind::IndexAttach => index::attach(object),
        Kind::SequenceOwner => relation::own(ctx, object),
        Kind::Sequence
        | Kind::View
        | Kind::MaterializedView
        | Kind::Schema
        | Kind::Extension
        | Kind::Statistics => relation::create(ctx, object),
        Kind::Enum
        | Kind::Domain
        | Kind::DomainConstraint
        | Kind::Composite
        | Kind::Range
        | Kind::Collation => types::create(ctx, object),
        Kind::Function
        | Kind::Aggregate
        | Kind::Trigger
        | Kind::Rule
        | Kind::EventTrigger
        | Kind::Language
        | Kind::Policy => routines::create(object),
        Kind::Operator | Kind::OperatorClass | Kind::OperatorFamily | Kind::Cast | Kind::AccessMethod => {
            operators::create(object)
        }
        Kind::Publication | Kind::PublicationTable | Kind::PublicationSchema => publication::create(object),
        Kind::ForeignDataWrapper | Kind::Server | Kind::UserMapping => foreign::create(object),
        Kind::TextSearchConfiguration | Kind::TextSearchDictionary => text_search::create(object),
        Kind::Owner | Kind::Privilege | Kind::Comment | Kind::DefaultPrivileges | Kind::ExtensionMark => {
            access::change(ctx, None, Some(object))
        }
        Kind::Uncompared => Vec::new(),
    }
}

/// The statements that drop an object.
pub(super) fn drop(ctx: &Context<'_>, object: &Object) -> Vec<Statement> {
    match object.key.kind {
        Kind::Table => table::drop(ctx, object),
        Kind::Partition => partition::detach(ctx, object),
        Kind::Column => column::drop(object),
        Kind::Default => column::drop_default(object),
        Kind::Constraint => constraint::drop(ctx, object),
        Kind::Index => index::drop(ctx, object),
        Kind::SequenceOwner => relation::disown(object),
        Kind::PublicationTable | Kind::PublicationSchema => publication::drop(object),
        Kind::Owner | Kind::Privilege | Kind::Comment | Kind::DefaultPrivileges | Kind::ExtensionMark => {
            access::change(ctx, Some(object), None)
        }
        Kind::DomainConstraint => vec![Statement::new(format!(
            "ALTER DOMAIN {} DROP CONSTRAINT {}",
            parent(object),
            object.text(Attr::Name)
        ))],
        Kind::Trigger if object.has(Attr::Above) => vec![routines::as_above(ctx.old, object)],
        Kind::UserMapping => vec![Statement::new(format!("DROP USER MAPPING FOR {}", object.key.name))],
        Kind::IndexAttach | Kind::Uncompared => Vec::new(),
        _ => relation::drop(object),
    }
}

/// How an object changes.
pub(super) fn change(ctx: &Context<'_>, old: &Object, new: &Object) -> AlterStrategy {
    match new.key.kind {
        Kind::Table => table::change(old, new),
        Kind::Column => column::change(ctx, old, new),
        Kind::Default => AlterStrategy::Alter(column::set_default(new)),
        Kind::Constraint => constraint::change(ctx, old, new),
        Kind::Index => index::change(ctx, old, new),
        Kind::Sequence
        | Kind::SequenceOwner
        | Kind::View
        | Kind::MaterializedView
        | Kind::Schema
        | Kind::Extension
        | Kind::Statistics => relation::change(ctx, old, new),
        Kind::Enum | Kind::Domain | Kind::Composite => types::change(ctx, old, new),
        Kind::Function | Kind::Aggregate | Kind::Trigger | Kind::Rule | Kind::EventTrigger | Kind::Policy => {
            routines::change(old, new)
        }
        Kind::Publication | Kind::PublicationTable => publication::change(old, new),
        Kind::ForeignDataWrapper | Kind::Server | Kind::UserMapping => foreign::change(old, new),
        Kind::TextSearchConfiguration | Kind::TextSearchDictionary => text_search::change(old, new),
        // What a role handed on goes before the role loses it, and comes after the role gained it.
        Kind::Privilege if new.has(Attr::Grantor) => AlterStrategy::Replace,
        Kind::Operator | Kind::OperatorFamily => operators::change(old, new),
        Kind::Owner | Kind::Privilege | Kind::Comment | Kind::DefaultPrivileges | Kind::ExtensionMark => {
            AlterStrategy::Alter(access::change(ctx, Some(old), Some(new)))
        }
        Kind::Uncompared => {
            AlterStrategy::Refuse("differs, and objects of its kind are not compared in detail".to_owned())
        }
        _ => AlterStrategy::Replace,
    }
}

/// The name of what an object is a part of.
pub(super) fn parent<'a>(object: &Object<'a>) -> &'a str {
    object.parent.map(|p| p.name).unwrap_or_default()
}

/// An object as SQL names it in `COMMENT ON`, `ALTER … OWNER TO` and `DROP`.
pub(super) fn phrase(object: &Object) -> String {
    let name = object.key.name;
    let on_parent = |word: &str| format!("{word} {} ON {}", object.text(Attr::Name), parent(object));
    match object.key.kind {
        Kind::Table if object.has(Attr::Foreign) => format!("FOREIGN TABLE {name}"),
        Kind::Enum | Kind::Composite | Kind::Range => format!("TYPE {name}"),
        Kind::Function if object.text(Attr::Type) == "procedure" => format!("PROCEDURE {name}"),
        Kind::Aggregate => {
            format!("AGGREGATE {}", name.strip_suffix("()").map_or(name.to_owned(), |n| format!("{n}(*)")))
        }
        Kind::Constraint => on_parent("CONSTRAINT"),
        Kind::DomainConstraint => on_parent("CONSTRAINT").replacen(" ON ", " ON DOMAIN ", 1),
        Kind::Trigger => on_parent("TRIGGER"),
        Kind::Rule => on_parent("RULE"),
        Kind::Policy => on_parent("POLICY"),
        kind => format!("{} {name}", kind.label().to_uppercase()),
    }
}

/// A string literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// One `key=value` a line, as `key='value', …`.
pub(super) fn options(lines: &str) -> String {
    let each = lines.lines().map(|line| match line.split_once('=') {
        Some((name, value)) => format!("{name}={}", literal(value)),
        None => line.to_owned(),
    });
    each.collect::<Vec<_>>().join(", ")
}

/// The statements that set and reset what differs between two lists of `key=value` lines.
///
/// All that shall be set is set again, because PostgreSQL keeps them in the order in which they were set.
pub(super) fn change_options(alter: &str, old: Option<&str>, new: Option<&str>) -> Vec<Statement> {
    let (old, new) = (lines(old), lines(new));
    let name = |line: &str| line.split('=').next().unwrap_or(line).to_owned();
    let changes = new.iter().any(|line| !old.contains(line));
    let set: Vec<&str> = new.iter().filter(|_| changes).copied().collect();
    let reset: Vec<String> =
        old.iter().map(|l| name(l)).filter(|n| !new.iter().any(|line| name(line) == *n)).collect();
    let mut statements = Vec::new();
    if !set.is_empty() {
        statements.push(Statement::new(format!("{alter} SET ({})", options(&set.join("\n")))));
    }
    if !reset.is_empty() {
        statements.push(Statement::new(format!("{alter} RESET ({})", reset.join(", "))));
    }
    statements
}

/// Storage parameters in the order in which they were set.
pub(super) fn ordered<'a>(object: &Object<'a>) -> Option<&'a str> {
    object.get(Attr::OptionsInOrder).filter(|_| object.has(Attr::Options))
}

/// The compared attributes that differ.
pub(super) fn differing(old: &Object<'_>, new: &Object<'_>) -> Vec<Attr> {
    let gone = old.attrs.compared().filter(|(attr, _)| !new.has(*attr)).map(|(attr, _)| attr);
    let changed = new.attrs.compared().filter(|(attr, value)| old.get(*attr) != Some(*value));
    changed.map(|(attr, _)| attr).chain(gone).collect()
}

pub(super) fn lines(text: Option<&str>) -> Vec<&str> {
    text.map(|t| t.lines().collect()).unwrap_or_default()
}

pub(super) fn key(kind: Kind, name: &str) -> Key {
    Key::new(kind, name)
}
