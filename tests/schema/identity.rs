//! Tables, columns and sequences that both sides have must be altered, never dropped and made anew: their numbers stay.

use std::collections::BTreeMap;

use regex::Regex;
use sqlx::{PgConnection, Row};

const NUMBERS: &str = "
    SELECT n.nspname::text, c.relname::text, NULL::text, c.oid::bigint
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    UNION ALL
    SELECT n.nspname::text, c.relname::text, a.attname::text, a.attnum::bigint
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND a.attnum > 0 AND NOT a.attisdropped";

/// Table or column to its number in the catalog.
pub(super) struct Identity(BTreeMap<(String, String, Option<String>), i64>);

impl Identity {
    pub(super) async fn read(connection: &mut PgConnection) -> Self {
        let rows = sqlx::query(NUMBERS).fetch_all(connection).await.expect("the catalogs are readable");
        Self(rows.iter().map(|row| ((row.get(0), row.get(1), row.get(2)), row.get(3))).collect())
    }

    /// What had a number before and has another one now.
    pub(super) fn remade(&self, after: &Self, allowed: Option<&Regex>) -> Vec<String> {
        let remade = self.0.iter().filter(|(key, number)| after.0.get(key).is_some_and(|now| now != *number));
        let names = remade.map(|((_, table, column), _)| match column {
            Some(column) => format!("{table}.{column}"),
            None => table.clone(),
        });
        names.filter(|name| !allowed.is_some_and(|allowed| allowed.is_match(name))).collect()
    }
}
