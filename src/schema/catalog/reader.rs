//! The objects that have been read so far, and their addresses.

use std::collections::{BTreeMap, HashMap};

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgRow, types::Oid};
use sqlx::{AssertSqlSafe, ColumnIndex, PgConnection, Row as _};

use crate::schema::error::SchemaError;
use crate::schema::model::{Address, Collection, Object};

pub(super) async fn fetch(
    conn: &mut PgConnection,
    what: &'static str,
    sql: String,
) -> Result<Vec<PgRow>, SchemaError> {
    sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(conn).await.map_err(|source| SchemaError::read(what, source))
}

#[derive(Default)]
pub(super) struct Reader {
    pub(super) catalogs: HashMap<String, u32>,
    /// The catalog of tables.
    pub(super) relations: u32,
    /// Default operator classes of B-trees, and their types.
    pub(super) classes: HashMap<u32, u32>,
    /// The catalog of the defaults of columns.
    pub(super) defaults: u32,
    /// The columns of identities' sequences, and then the sequences of these columns.
    pub(super) identity_columns: HashMap<u32, (u32, i32)>,
    pub(super) identities: HashMap<(u32, i32), IdentitySequence>,
    /// The types and collations of columns.
    pub(super) types: HashMap<(u32, i32), (u32, u32)>,
    /// Indexes whose definitions only the server can deparse: the object, and the place among its attributes.
    pub(super) pending_definitions: BTreeMap<u32, (u32, usize)>,
    pub(super) collection: Collection,
    /// Objects by their own address.
    pub(super) exact: HashMap<Address, u32>,
    /// Other addresses that mean an object.
    pub(super) alias: HashMap<Address, u32>,
}

/// The sequence behind an identity column.
pub(super) struct IdentitySequence {
    pub(super) name: String,
    pub(super) options: String,
    pub(super) unlogged: bool,
}

/// A row of `pg_depend`.
pub(super) struct Dependency {
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) kind: u8,
}

pub(super) type Decoded<T> = Result<T, sqlx::Error>;

impl Reader {
    pub(super) fn catalog(&self, name: &str) -> u32 {
        self.catalogs.get(name).copied().unwrap_or_default()
    }

    pub(super) fn into_collection(self) -> Collection {
        self.collection
    }

    pub(super) fn object(&self, at: u32) -> Object<'_> {
        self.collection.objects().at(at as usize)
    }

    pub(super) async fn dependencies_of(conn: &mut PgConnection, sql: String) -> Decoded<Vec<Dependency>> {
        let mut found = Vec::new();
        let mut rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(conn);
        while let Some(row) = rows.try_next().await? {
            let oid = |at: usize| row.try_get::<Oid, _>(at).map(|oid| oid.0);
            found.push(Dependency {
                from: (oid(0)?, oid(1)?, row.try_get(2)?),
                to: (oid(3)?, oid(4)?, row.try_get(5)?),
                kind: row.try_get::<&str, _>(6)?.bytes().next().unwrap_or_default(),
            });
        }
        // Kept until everything else is read.
        found.shrink_to_fit();
        Ok(found)
    }
}

/// A transaction id from its decimal text form; 0 if there is none.
pub(super) fn transaction<I: ColumnIndex<PgRow>>(row: &PgRow, column: I) -> Decoded<u32> {
    let number: Option<&str> = row.try_get_unchecked(column)?;
    Ok(number.and_then(|number| number.parse().ok()).unwrap_or_default())
}

pub(super) fn oid(row: &PgRow, name: &str) -> Decoded<u32> {
    row.try_get::<Oid, _>(name).map(|oid| oid.0)
}
