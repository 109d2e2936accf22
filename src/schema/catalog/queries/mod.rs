//! The catalog queries, one for each kind of object. Every one is set-based, so their number never grows with the
//! number of tables.
//!
//! The column `key` is the object's identity, `oid`/`sub` its address; `parent` and `parent_kind` name what it is a
//! part of, `owner` its owner. Every other column is an attribute of the object and compared as text. `{NSP}` is
//! replaced by the OIDs of the schemas that are read.
//!
//! Deparsing and quoting are what reading costs the server. Where there is a row for each column or constraint, names
//! are therefore quoted once a table (`with … as materialized`) and once a row (`cross join lateral … offset 0`), and
//! defaults, which mention no column, are deparsed without their table. The index of a primary key or unique
//! constraint has default operator classes, collations and order, or PostgreSQL refuses the constraint; if it is a
//! plain one, its definition follows from the columns.

mod database;
pub(super) mod empty_catalogs;
mod metadata;
mod routines;
mod sequences;
mod tables;
mod types;
mod views;

use super::super::model::Kind;
pub(super) use metadata::{
    ALIASES, COMMENTS, DEFAULT_CLASSES, DEPENDENCIES, GENERATED, GENERATED_FROM, PRIVILEGES, SECURITY_LABELS,
    SYSTEM_PRIVILEGES, UNCOMPARED,
};

/// A catalog query: the kind of its objects, the catalog of their OIDs, and the SQL.
pub(super) struct Query {
    pub(super) kind: Kind,
    pub(super) catalog: &'static str,
    /// Whether the objects are in no schema, so that they are left out when only some schemas are requested.
    pub(super) database_wide: bool,
    pub(super) sql: &'static str,
}

const fn in_schema(kind: Kind, catalog: &'static str, sql: &'static str) -> Query {
    Query { kind, catalog, database_wide: false, sql }
}

const fn database_wide(kind: Kind, catalog: &'static str, sql: &'static str) -> Query {
    Query { kind, catalog, database_wide: true, sql }
}

/// Every catalog query.
pub(super) fn all() -> impl Iterator<Item = &'static Query> {
    [
        database::QUERIES,
        sequences::QUERIES,
        tables::QUERIES,
        views::QUERIES,
        types::QUERIES,
        routines::QUERIES,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests;
