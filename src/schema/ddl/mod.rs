//! The SQL that creates, drops and alters each kind of fact.

mod access;
mod column;
mod constraint;
mod foreign;
mod identity;
mod index;
mod not_null;
mod operators;
mod partition;
mod programs;
mod publication;
mod relation;
mod retype;
mod search;
mod table;
mod types;

use std::collections::BTreeSet;

use super::model::{Attr, Fact, Key, Kind, Links, Schema};
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
    /// Positions in the new schema of facts that are created as a part of their table or column.
    pub(super) inline: BTreeSet<usize>,
    pub(super) new_parts: &'a Links,
}

impl<'a> Context<'a> {
    pub(super) fn is_fresh(&self, relation: &str) -> bool {
        self.fresh.contains(relation)
    }

    /// The parts of a fact of the new schema.
    pub(super) fn parts(&self, fact: &Fact) -> impl Iterator<Item = (usize, Fact<'a>)> + use<'a, '_> {
        let at = self.new.find(fact.key);
        let new = self.new;
        at.into_iter()
            .flat_map(|at| self.new_parts.of(at))
            .map(move |p| (*p as usize, new.facts.at(*p as usize)))
    }
}

/// How a changed fact gets from old to new.
pub(super) enum Verdict {
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
pub(super) fn swap(ctx: &Context<'_>, old: &Fact, new: &Fact, place: &Place<'_>) -> Option<Swap> {
    match new.key.kind {
        Kind::Index => Some(index::swap(ctx, old, new, place)),
        Kind::Constraint => constraint::swap(ctx, old, new, place),
        _ => None,
    }
}

/// The name something goes by while it makes way for its successor, or the successor while it is made.
pub(super) fn temporary(role: &str, fact: &Fact) -> String {
    let name = fact.text(Attr::Name);
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
    let digest = fact
        .key
        .name
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("lakebase_{role}_{plain}_{digest:08x}")
}

/// The statements that create a fact.
pub(super) fn create(ctx: &Context<'_>, fact: &Fact) -> Vec<Statement> {
    match fact.key.kind {
        Kind::Table => table::create(ctx, fact),
        Kind::Partition => partition::attach(ctx, fact),
        Kind::Column => column::create(ctx, fact),
        Kind::Default => column::set_default(fact),
        Kind::Constraint => constraint::create(ctx, fact),
        Kind::Index => index::create(ctx, fact),
        Kind::IndexAttach => index::attach(fact),
        Kind::SequenceOwner => relation::own(ctx, fact),
        Kind::Sequence
        | Kind::View
        | Kind::MaterializedView
        | Kind::Schema
        | Kind::Extension
        | Kind::Statistics => relation::create(ctx, fact),
        Kind::Enum
        | Kind::Domain
        | Kind::DomainConstraint
        | Kind::Composite
        | Kind::Range
        | Kind::Collation => types::create(ctx, fact),
        Kind::Function
        | Kind::Aggregate
        | Kind::Trigger
        | Kind::Rule
        | Kind::EventTrigger
        | Kind::Language
        | Kind::Policy => programs::create(fact),
        Kind::Operator | Kind::OperatorClass | Kind::OperatorFamily | Kind::Cast | Kind::AccessMethod => {
            operators::create(fact)
        }
        Kind::Publication | Kind::PublicationTable | Kind::PublicationSchema => publication::create(fact),
        Kind::ForeignDataWrapper | Kind::Server | Kind::UserMapping => foreign::create(fact),
        Kind::TextSearchConfiguration | Kind::TextSearchDictionary => search::create(fact),
        Kind::Owner | Kind::Privilege | Kind::Comment | Kind::DefaultPrivileges | Kind::ExtensionMark => {
            access::change(ctx, None, Some(fact))
        }
        Kind::Uncompared => Vec::new(),
    }
}

/// The statements that drop a fact.
pub(super) fn drop(ctx: &Context<'_>, fact: &Fact) -> Vec<Statement> {
    match fact.key.kind {
        Kind::Table => table::drop(ctx, fact),
        Kind::Partition => partition::detach(ctx, fact),
        Kind::Column => column::drop(fact),
        Kind::Default => column::drop_default(fact),
        Kind::Constraint => constraint::drop(ctx, fact),
        Kind::Index => index::drop(ctx, fact),
        Kind::SequenceOwner => relation::disown(fact),
        Kind::PublicationTable | Kind::PublicationSchema => publication::drop(fact),
        Kind::Owner | Kind::Privilege | Kind::Comment | Kind::DefaultPrivileges | Kind::ExtensionMark => {
            access::change(ctx, Some(fact), None)
        }
        Kind::DomainConstraint => vec![Statement::new(format!(
            "ALTER DOMAIN {} DROP CONSTRAINT {}",
            parent(fact),
            fact.text(Attr::Name)
        ))],
        Kind::Trigger if fact.has(Attr::Above) => vec![programs::as_above(ctx.old, fact)],
        Kind::UserMapping => vec![Statement::new(format!("DROP USER MAPPING FOR {}", fact.key.name))],
        Kind::IndexAttach | Kind::Uncompared => Vec::new(),
        _ => relation::drop(fact),
    }
}

/// How a fact changes.
pub(super) fn change(ctx: &Context<'_>, old: &Fact, new: &Fact) -> Verdict {
    match new.key.kind {
        Kind::Table => table::change(old, new),
        Kind::Column => column::change(ctx, old, new),
        Kind::Default => Verdict::Alter(column::set_default(new)),
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
            programs::change(old, new)
        }
        Kind::Publication | Kind::PublicationTable => publication::change(old, new),
        Kind::ForeignDataWrapper | Kind::Server | Kind::UserMapping => foreign::change(old, new),
        Kind::TextSearchConfiguration | Kind::TextSearchDictionary => search::change(old, new),
        // What a role handed on goes before the role loses it, and comes after the role gained it.
        Kind::Privilege if new.has(Attr::Grantor) => Verdict::Replace,
        Kind::Operator | Kind::OperatorFamily => operators::change(old, new),
        Kind::Owner | Kind::Privilege | Kind::Comment | Kind::DefaultPrivileges | Kind::ExtensionMark => {
            Verdict::Alter(access::change(ctx, Some(old), Some(new)))
        }
        Kind::Uncompared => {
            Verdict::Refuse("differs, and objects of its kind are not compared in detail".to_owned())
        }
        _ => Verdict::Replace,
    }
}

/// The name of what a fact is a part of.
pub(super) fn parent<'a>(fact: &Fact<'a>) -> &'a str {
    fact.parent.map(|p| p.name).unwrap_or_default()
}

/// A fact as SQL names it in `COMMENT ON`, `ALTER … OWNER TO` and `DROP`.
pub(super) fn phrase(fact: &Fact) -> String {
    let name = fact.key.name;
    let on_parent = |word: &str| format!("{word} {} ON {}", fact.text(Attr::Name), parent(fact));
    match fact.key.kind {
        Kind::Table if fact.has(Attr::Foreign) => format!("FOREIGN TABLE {name}"),
        Kind::Enum | Kind::Composite | Kind::Range => format!("TYPE {name}"),
        Kind::Function if fact.text(Attr::Type) == "procedure" => format!("PROCEDURE {name}"),
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

/// The name of a relation, or of the index of a constraint, with its schema.
pub(super) fn qualified(fact: &Fact) -> String {
    format!("{}.{}", fact.text(Attr::Schema), fact.text(Attr::Name))
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
pub(super) fn ordered<'a>(fact: &Fact<'a>) -> Option<&'a str> {
    fact.get(Attr::OptionsInOrder).filter(|_| fact.has(Attr::Options))
}

/// The compared attributes that differ.
pub(super) fn differing(old: &Fact<'_>, new: &Fact<'_>) -> Vec<Attr> {
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
