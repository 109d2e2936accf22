//! Names, options and phrases of catalog objects as SQL text.

use super::context::Context;
use crate::schema::model::{Attr, Key, Kind, Object, TEMPORARY};
use crate::schema::statement::Statement;
use crate::sql::{entries, entry, quote_literal};

/// The maximum length of a name in PostgreSQL, in bytes.
const LONGEST: usize = 63;

/// A temporary name for the old or the new version of an object, or for a helper object, as `role` says. The digest
/// keeps shortened names distinct, and a name in use is never returned.
pub(in crate::schema) fn temporary(ctx: &Context<'_>, role: &str, object: &Object) -> String {
    let name = object.text(Attr::Name);
    let head = format!("{TEMPORARY}{role}_");
    // Leaves room for the digest and a number.
    let room = LONGEST - head.len() - 9 - 4;
    let letters = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(room);
    let plain = letters.collect::<String>().to_lowercase();
    let hash = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let digest = object.key.name.bytes().fold(0x811c_9dc5_u32, hash);
    let exact = (plain == name).then(|| format!("{head}{plain}"));
    let first = format!("{head}{plain}_{digest:08x}");
    let numbered = (2..1000).map(|number| format!("{first}_{number}"));
    let mut candidates = exact.into_iter().chain(std::iter::once(first.clone())).chain(numbered);
    candidates.find(|name| !ctx.is_taken(name)).unwrap_or(first)
}

/// The name of an object's parent.
pub(in crate::schema) fn parent<'a>(object: &Object<'a>) -> &'a str {
    object.parent.map(|p| p.name).unwrap_or_default()
}

/// An object as SQL names it in `COMMENT ON`, `ALTER … OWNER TO` and `DROP`.
pub(in crate::schema) fn phrase(object: &Object) -> String {
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
        Kind::DomainConstraint => {
            format!("CONSTRAINT {} ON DOMAIN {}", object.text(Attr::Name), parent(object))
        }
        Kind::Trigger => on_parent("TRIGGER"),
        Kind::Rule => on_parent("RULE"),
        Kind::Policy => on_parent("POLICY"),
        kind => format!("{} {name}", kind.label().to_uppercase()),
    }
}

/// Joins lines of `key=value` as `key='value', …`.
pub(in crate::schema) fn options(lines: &str) -> String {
    let each = lines.lines().map(|line| match line.split_once('=') {
        Some((name, value)) => format!("{name}={}", quote_literal(value)),
        None => line.to_owned(),
    });
    each.collect::<Vec<_>>().join(", ")
}

/// The statements that set and reset what differs between two lists of `key=value` lines.
///
/// Every wanted option is set again, because PostgreSQL keeps options in the order in which they were set.
pub(in crate::schema) fn change_options(alter: &str, old: Option<&str>, new: Option<&str>) -> Vec<Statement> {
    let (old, new) = (parameters(old), parameters(new));
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

/// The entries of storage parameters, whose values are plain text rather than SQL.
fn parameters(text: Option<&str>) -> Vec<&str> {
    text.map(|text| text.lines().collect()).unwrap_or_default()
}

/// Storage parameters in the order in which they were set.
pub(in crate::schema) fn ordered<'a>(object: &Object<'a>) -> Option<&'a str> {
    object.get(Attr::OptionsInOrder).filter(|_| object.has(Attr::Options))
}

/// The compared attributes that differ.
pub(in crate::schema) fn differing(old: &Object<'_>, new: &Object<'_>) -> Vec<Attr> {
    let gone = old.attrs.compared().filter(|(attr, _)| !new.has(*attr)).map(|(attr, _)| attr);
    let changed = new.attrs.compared().filter(|(attr, value)| old.get(*attr) != Some(*value));
    changed.map(|(attr, _)| attr).chain(gone).collect()
}

/// The entries of an attribute that is a list.
pub(in crate::schema) fn lines(text: Option<&str>) -> Vec<&str> {
    text.map(entries).unwrap_or_default()
}

pub(in crate::schema) fn key(kind: Kind, name: &str) -> Key {
    Key::new(kind, name)
}

pub(super) fn alter(column: &Object, what: &str) -> String {
    format!("ALTER TABLE {} ALTER COLUMN {} {what}", parent(column), column.text(Attr::Name))
}

pub(super) fn alter_only(column: &Object, what: &str) -> String {
    format!("ALTER TABLE ONLY {} ALTER COLUMN {} {what}", parent(column), column.text(Attr::Name))
}

/// ` OPTIONS (…)` of a new foreign object; empty without options.
pub(super) fn foreign_options(options: Option<&str>) -> String {
    let Some(options) = options else { return String::new() };
    let each = entries(options).into_iter().map(entry).map(|(name, value)| format!("{name} {value}"));
    format!(" OPTIONS ({})", each.collect::<Vec<_>>().join(", "))
}

/// `ADD`, `SET` and `DROP` for options of foreign objects, one `name<tab>literal` a line.
pub(super) fn fdw_options(old: Option<&str>, new: Option<&str>) -> String {
    let pairs = |options| lines(options).into_iter().map(entry).collect::<Vec<_>>();
    let (old, new) = (pairs(old), pairs(new));
    let mut changes = Vec::new();
    for (name, value) in &new {
        match old.iter().find(|(known, _)| known == name) {
            Some((_, before)) if before == value => {}
            Some(_) => changes.push(format!("SET {name} {value}")),
            None => changes.push(format!("ADD {name} {value}")),
        }
    }
    let gone = old.iter().filter(|(name, _)| !new.iter().any(|(kept, _)| kept == name));
    changes.extend(gone.map(|(name, _)| format!("DROP {name}")));
    changes.join(", ")
}
