//! Converts rows of the catalog queries to objects.

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgColumn, PgRow, types::Oid};
use sqlx::{AssertSqlSafe, Column as _, Either, PgConnection, Row as _};

use super::cell::Cell;
use super::compose::Composed;
use super::queries::Query;
use super::reader::{Decoded, IdentitySequence, Reader};
use crate::schema::error::SchemaError;
use crate::schema::model::{Attr, Draft, Key, Kind};

impl Reader {
    /// Converts rows to objects as they arrive, so that the rows of a large schema are never all in memory. The
    /// queries are sent at once, so that the server does not wait between them.
    pub(super) async fn objects(
        &mut self,
        conn: &mut PgConnection,
        queries: &[(&Query, String)],
    ) -> Result<(), SchemaError> {
        let sql: Vec<&str> = queries.iter().map(|(_, sql)| sql.as_str()).collect();
        let mut answers = sqlx::raw_sql(AssertSqlSafe(sql.join(";\n"))).fetch_many(conn);
        for (query, _) in queries {
            let failed = |source| SchemaError::read(query.kind.label(), source);
            let class = self.catalog(query.catalog);
            let mut cells: Vec<Cell> = Vec::new();
            while let Some(Either::Right(row)) = answers.try_next().await.map_err(failed)? {
                if cells.is_empty() {
                    cells = row.columns().iter().map(cell).collect::<Decoded<_>>().map_err(failed)?;
                }
                if let Some(composed) = self.compose(&row, query.kind, class, &cells).map_err(failed)? {
                    self.keep(query.kind, composed);
                }
            }
        }
        Ok(())
    }

    pub(super) fn keep(&mut self, kind: Kind, composed: Composed<'_>) {
        let Composed { object, types, default, needs_deparse } = composed;
        let address = object.address;
        if kind == Kind::Column && address.2 < 0 {
            return self.made(address.1, object.stamps[0]);
        }
        if kind == Kind::Sequence
            && let Some(column) = self.identity_columns.get(&address.1)
        {
            self.identities.insert(*column, IdentitySequence::of(&object));
            return;
        }
        if self.collection.place(&object.key).is_some() {
            return;
        }
        self.types.extend(types.map(|types| ((address.1, address.2), types)));
        let at = self.collection.push(&object);
        self.pending_definitions.extend(needs_deparse.map(|place| (address.1, (at, place))));
        let addressed = !matches!(
            kind,
            Kind::Partition | Kind::IndexAttach | Kind::SequenceOwner | Kind::DefaultPrivileges
        );
        if addressed {
            self.exact.insert(address, at);
        }
        if let Some(default) = default {
            let address = default.address;
            let at = self.collection.push(&default);
            self.exact.insert(address, at);
        }
    }

    /// The first rows of a table in the catalogs were written by the transaction that created it.
    pub(super) fn made(&mut self, table: u32, stamp: u32) {
        if let Some(at) = self.exact.get(&(self.relations, table, 0)) {
            let [written, defined, _] = self.object(*at).stamps;
            self.collection.stamp(*at, [written, defined, stamp]);
        }
    }

    /// Reads the definitions of indexes that cannot be composed from their columns.
    pub(super) async fn definitions(&mut self, conn: &mut PgConnection) -> Decoded<()> {
        if self.pending_definitions.is_empty() {
            return Ok(());
        }
        let oids: Vec<String> = self.pending_definitions.keys().map(u32::to_string).collect();
        let oids = oids.join(",");
        let sql = format!("select i, pg_get_indexdef(i) from unnest('{{{oids}}}'::oid[]) i");
        let mut rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(conn);
        while let Some(row) = rows.try_next().await? {
            if let Some((at, place)) = self.pending_definitions.get(&row.try_get::<Oid, _>(0)?.0) {
                self.collection.set(*at, *place, row.try_get(1)?);
            }
        }
        self.pending_definitions.clear();
        Ok(())
    }

    pub(super) fn uncompared(&mut self, rows: &[PgRow]) -> Decoded<()> {
        for row in rows {
            let (key, digest): (&str, Option<&str>) = (row.try_get("key")?, row.try_get("digest")?);
            let attrs = vec![(Attr::Digest, digest.unwrap_or_default().into())];
            let key = Key::new(Kind::Uncompared, key);
            self.collection.push(&Draft { attrs, ..Draft::new(key, None) });
        }
        Ok(())
    }
}

fn cell(column: &PgColumn) -> Decoded<Cell> {
    Cell::named(column.name()).ok_or_else(|| sqlx::Error::ColumnNotFound(column.name().to_owned()))
}
