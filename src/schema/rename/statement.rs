//! The SQL of a rename.

use crate::schema::ddl;
use crate::schema::hazard::HazardKind;
use crate::schema::model::{Key, Kind, Name, Object};
use crate::schema::statement::Statement;
use crate::sql::bracket;

/// The part of a key before the object's own name.
pub(super) fn schema_of<'a>(key: impl Into<Name<'a>>, name: &str) -> String {
    let key = key.into();
    let bare = bracket(key.name).map_or(key.name, |at| &key.name[..at]);
    bare.strip_suffix(name).unwrap_or(bare).trim_end_matches('.').to_owned()
}

/// The key of the same object under another name.
pub(super) fn sibling(key: &Key, from: &str, to: &str) -> Key {
    let (bare, tail) = split_arguments(key.into());
    let head = bare.strip_suffix(from).unwrap_or(bare);
    Key::new(key.kind, format!("{head}{to}{tail}"))
}

/// The name of a key and, of a function, the arguments in their brackets.
pub(super) fn split_arguments(key: Name<'_>) -> (&str, &str) {
    let routine = matches!(key.kind, Kind::Function | Kind::Aggregate);
    let arguments = bracket(key.name).filter(|_| routine);
    key.name.split_at(arguments.unwrap_or(key.name.len()))
}

pub(super) fn create_schema(key: &Key) -> Statement {
    Statement::new(format!("CREATE SCHEMA {}", key.name))
}

pub(super) fn step(object: &Object, here: &Key, what: &str, after: &Key) -> Statement {
    let named = Object { key: here.into(), ..*object };
    annotate(object, Statement::new(format!("ALTER {} {what}", ddl::phrase(&named))), &here.name, after)
}

pub(super) fn rename(object: &Object, here: &Key, from: &str, to: &str, after: &Key) -> Statement {
    let table = {
        let head = here.name.strip_suffix(from).map_or(here.name.as_str(), |t| t.trim_end_matches('.'));
        head.to_owned()
    };
    let sql = match object.key.kind {
        Kind::Column => format!("ALTER TABLE {table} RENAME COLUMN {from} TO {to}"),
        Kind::Constraint => format!("ALTER TABLE {table} RENAME CONSTRAINT {from} TO {to}"),
        Kind::DomainConstraint => format!("ALTER DOMAIN {table} RENAME CONSTRAINT {from} TO {to}"),
        Kind::Trigger | Kind::Rule | Kind::Policy => {
            format!("ALTER {} {from} ON {table} RENAME TO {to}", object.key.kind.label().to_uppercase())
        }
        _ => return step(object, here, &format!("RENAME TO {to}"), after),
    };
    annotate(object, Statement::new(sql), &table, after)
}

fn annotate(object: &Object, statement: Statement, relation: &str, after: &Key) -> Statement {
    let statement = match object.key.kind {
        Kind::Enum
        | Kind::Composite
        | Kind::Range
        | Kind::Domain
        | Kind::Collation
        | Kind::Function
        | Kind::Aggregate => statement,
        _ => statement.exclusive(relation),
    };
    match object.key.kind {
        Kind::Constraint
        | Kind::DomainConstraint
        | Kind::Index
        | Kind::Statistics
        | Kind::Trigger
        | Kind::Rule
        | Kind::Policy => statement,
        _ => statement.hazard(
            HazardKind::BreaksClients,
            relation,
            format!("{} is called {}", object.key, after.name),
        ),
    }
}
