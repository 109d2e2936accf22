//! Detects empty catalogs: planning a query takes time even if it finds nothing.

use std::collections::HashSet;

/// Catalogs that are empty in most databases, each with the condition for a row that a user created.
const RARE: &[(&str, &str)] = &[
    ("pg_am", USER_OID),
    ("pg_cast", USER_OID),
    ("pg_collation", USER_OID),
    ("pg_default_acl", ANY),
    ("pg_event_trigger", ANY),
    ("pg_foreign_data_wrapper", ANY),
    ("pg_foreign_server", ANY),
    ("pg_inherits", ANY),
    ("pg_language", USER_OID),
    ("pg_opclass", USER_OID),
    ("pg_operator", USER_OID),
    ("pg_opfamily", USER_OID),
    ("pg_policy", ANY),
    ("pg_proc", USER_OID),
    ("pg_publication", ANY),
    ("pg_publication_namespace", ANY),
    ("pg_publication_rel", ANY),
    ("pg_range", "rngtypid >= 16384"),
    ("pg_seclabel", ANY),
    ("pg_statistic_ext", ANY),
    ("pg_ts_config", USER_OID),
    ("pg_ts_dict", USER_OID),
];

/// The condition for user objects: those of a new database have smaller OIDs.
const USER_OID: &str = "oid >= 16384";
const ANY: &str = "true";

/// A query with one row: a letter for each catalog that holds user objects.
pub(in crate::schema::catalog) fn sql() -> String {
    let each = RARE.iter().map(|(catalog, ours)| format!("exists (select from {catalog} where {ours})"));
    format!("select concat({})", each.collect::<Vec<_>>().join(", "))
}

/// The catalogs without user objects.
pub(in crate::schema::catalog) fn empty(letters: &str) -> HashSet<&'static str> {
    RARE.iter()
        .zip(letters.chars())
        .filter(|(_, letter)| *letter == 'f')
        .map(|((catalog, _), _)| *catalog)
        .collect()
}
