//! Reads a live catalog into a [`Schema`].

mod cell;
mod compose;
mod dependencies;
mod identity;
mod metadata;
mod origin;
mod queries;
mod versions;

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::TryStreamExt as _;
use sqlx::Either;
use sqlx::postgres::{PgColumn, PgRow, types::Oid};
use sqlx::{AssertSqlSafe, Column as _, ColumnIndex, Executor as _, PgConnection, Row as _};

use super::error::SchemaError;
use super::model::{Address, Attr, Collection, Draft, Key, Kind, Object, Schema};
use super::options::Options;
use cell::Cell;
use compose::Composed;
use identity::IdentitySequence;
use origin::{read_catalogs, read_classes, read_empty, read_origin, read_schemas};
use queries::{
    ALIASES, COMMENTS, DEPENDENCIES, GENERATED, GENERATED_FROM, PRIVILEGES, Query, SECURITY_LABELS,
    SYSTEM_PRIVILEGES, UNCOMPARED,
};
use versions::Text;

impl Schema {
    /// Reads the schema of the connected database in one repeatable-read transaction, which is rolled back.
    ///
    /// # Errors
    ///
    /// [`SchemaError::Denied`] when the role may not read a catalog, [`SchemaError::Read`] when a catalog cannot be read
    /// otherwise or the connection fails,
    /// [`SchemaError::UnsupportedVersion`] before PostgreSQL 15.
    pub async fn read(conn: &mut PgConnection, options: &Options) -> Result<Self, SchemaError> {
        let failed = |source| SchemaError::read("a snapshot", source);
        conn.execute(BEGIN).await.map_err(failed)?;
        let read = read_snapshot(conn, options).await;
        let ended = conn.execute("rollback").await.map_err(failed);
        let schema = read?;
        ended?;
        Ok(schema)
    }
}

const BEGIN: &str = "begin isolation level repeatable read read only;
    set local search_path = ''; set local jit = off; set local quote_all_identifiers = off";

async fn fetch(conn: &mut PgConnection, what: &'static str, sql: String) -> Result<Vec<PgRow>, SchemaError> {
    sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(conn).await.map_err(|source| SchemaError::read(what, source))
}

async fn fetch_if(
    wanted: bool,
    conn: &mut PgConnection,
    what: &'static str,
    sql: String,
) -> Result<Vec<PgRow>, SchemaError> {
    if wanted { fetch(conn, what, sql).await } else { Ok(Vec::new()) }
}

async fn read_snapshot(conn: &mut PgConnection, options: &Options) -> Result<Schema, SchemaError> {
    let origin = read_origin(conn).await?;
    let text = Text { version: origin.version, schemas: read_schemas(conn, options).await? };
    let empty = read_empty(conn).await?;
    let catalogs = read_catalogs(conn).await?;
    let of = |name: &str| catalogs.get(name).copied().unwrap_or_default();
    let (relations, defaults) = (of("pg_class"), of("pg_attrdef"));
    let classes = read_classes(conn).await?;
    let mut dependencies = read_dependencies(conn, text.fill(DEPENDENCIES)).await?;
    let identity_columns = identity::columns(&dependencies, relations);
    let mut reader = Reader { catalogs, relations, defaults, classes, identity_columns, ..Reader::default() };
    let wanted = |query: &&Query| {
        !(empty.contains(query.catalog)
            || query.kind == Kind::Range && empty.contains("pg_range")
            || query.kind == Kind::UserMapping && empty.contains("pg_foreign_server")
            || query.database_wide && !options.include.is_empty()
            || query.kind == Kind::DefaultPrivileges && !options.privileges)
    };
    let (owners, queries): (Vec<_>, Vec<_>) =
        queries::all().filter(wanted).partition(|query| query.kind == Kind::SequenceOwner);
    let queries: Vec<_> = queries.into_iter().map(|query| (query, text.fill(query.sql))).collect();
    reader.objects(conn, &queries).await?;
    if let Some(owned) = reader.owned_sequences(&dependencies) {
        let owners = owners.into_iter().map(|query| (query, query.sql.replace("{OWNED}", &owned)));
        reader.objects(conn, &owners.collect::<Vec<_>>()).await?;
    }
    reader.definitions(conn).await.map_err(|source| SchemaError::read(Kind::Index.label(), source))?;
    // Freed early, here and below, to keep the memory peak of a large schema low.
    reader.types = HashMap::new();
    let metadata = Metadata::read(conn, &text, &empty, options, &reader).await?;
    if !metadata.generated.is_empty() {
        dependencies.extend(read_dependencies(conn, text.fill(GENERATED_FROM)).await?);
    }
    reader
        .link(&dependencies, &metadata, options)
        .map_err(|source| SchemaError::read("dependencies", source))?;
    drop((dependencies, metadata));
    (reader.exact, reader.alias) = (HashMap::new(), HashMap::new());
    reader.structural();
    if !options.include.iter().any(|name| name == SQLX_RECORDS) {
        reader.forget_records();
    }
    Ok(Schema::new(options.clone(), origin, reader.into_collection().sorted()))
}

/// Rows that refer to objects by their addresses, which are known once all objects are read.
struct Metadata {
    uncompared: Vec<PgRow>,
    generated: Vec<PgRow>,
    aliases: Vec<PgRow>,
    comments: Vec<PgRow>,
    privileges: Vec<PgRow>,
    system_privileges: Vec<PgRow>,
}

impl Metadata {
    async fn read(
        conn: &mut PgConnection,
        text: &Text,
        empty: &HashSet<&'static str>,
        options: &Options,
        reader: &Reader,
    ) -> Result<Self, SchemaError> {
        let mut uncompared = fetch(conn, "uncompared objects", text.fill(UNCOMPARED)).await?;
        if !empty.contains("pg_seclabel") {
            uncompared.extend(fetch(conn, "security labels", text.fill(SECURITY_LABELS)).await?);
        }
        let generated = reader.collection.objects().iter().any(|object| object.is_generated());
        let system = options.privileges && options.include.is_empty();
        Ok(Self {
            uncompared,
            generated: fetch_if(generated, conn, "expressions", text.fill(GENERATED)).await?,
            aliases: fetch(conn, "addresses", text.fill(ALIASES)).await?,
            comments: fetch_if(options.comments, conn, "comments", text.fill(COMMENTS)).await?,
            privileges: fetch_if(options.privileges, conn, "privileges", text.fill(PRIVILEGES)).await?,
            system_privileges: fetch_if(system, conn, "privileges", text.fill(SYSTEM_PRIVILEGES)).await?,
        })
    }
}

async fn read_dependencies(conn: &mut PgConnection, sql: String) -> Result<Vec<Dependency>, SchemaError> {
    Reader::dependencies_of(conn, sql).await.map_err(|source| SchemaError::read("dependencies", source))
}

/// Where sqlx records the migrations it applied: like `_lakebase` no part of the user's schema.
const SQLX_RECORDS: &str = "_sqlx_migrations";

#[derive(Default)]
struct Reader {
    catalogs: HashMap<String, u32>,
    /// The catalog of tables.
    relations: u32,
    /// Default operator classes of B-trees, and their types.
    classes: HashMap<u32, u32>,
    /// The catalog of the defaults of columns.
    defaults: u32,
    /// The columns of identities' sequences, and then the sequences of these columns.
    identity_columns: HashMap<u32, (u32, i32)>,
    identities: HashMap<(u32, i32), IdentitySequence>,
    /// The types and collations of columns.
    types: HashMap<(u32, i32), (u32, u32)>,
    /// Indexes whose definitions only the server knows: the object, and the place among its attributes.
    asked: BTreeMap<u32, (u32, usize)>,
    collection: Collection,
    /// Objects by their own address.
    exact: HashMap<Address, u32>,
    /// Other addresses that mean an object.
    alias: HashMap<Address, u32>,
}

/// A row of `pg_depend`.
struct Dependency {
    from: Address,
    to: Address,
    kind: u8,
}

type Decoded<T> = Result<T, sqlx::Error>;

impl Reader {
    fn catalog(&self, name: &str) -> u32 {
        self.catalogs.get(name).copied().unwrap_or_default()
    }

    fn into_collection(self) -> Collection {
        self.collection
    }

    fn object(&self, at: u32) -> Object<'_> {
        self.collection.objects().at(at as usize)
    }

    /// Converts rows to objects as they arrive, so that the rows of a large schema are never all in memory. The queries are
    /// sent at once, so that the server does not wait between them.
    async fn objects(
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

    fn keep(&mut self, kind: Kind, composed: Composed<'_>) {
        let Composed { object, types, default, asks } = composed;
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
        self.asked.extend(asks.map(|place| (address.1, (at, place))));
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
    fn made(&mut self, table: u32, stamp: u32) {
        if let Some(at) = self.exact.get(&(self.relations, table, 0)) {
            let [written, defined, _] = self.object(*at).stamps;
            self.collection.stamp(*at, [written, defined, stamp]);
        }
    }

    /// Reads the definitions of indexes that cannot be composed from their columns.
    async fn definitions(&mut self, conn: &mut PgConnection) -> Decoded<()> {
        if self.asked.is_empty() {
            return Ok(());
        }
        let oids: Vec<String> = self.asked.keys().map(u32::to_string).collect();
        let oids = oids.join(",");
        let sql = format!("select i, pg_get_indexdef(i) from unnest('{{{oids}}}'::oid[]) i");
        let mut rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(conn);
        while let Some(row) = rows.try_next().await? {
            if let Some((at, place)) = self.asked.get(&row.try_get::<Oid, _>(0)?.0) {
                self.collection.set(*at, *place, row.try_get(1)?);
            }
        }
        self.asked.clear();
        Ok(())
    }

    async fn dependencies_of(conn: &mut PgConnection, sql: String) -> Decoded<Vec<Dependency>> {
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
        // They are kept while everything else is read.
        found.shrink_to_fit();
        Ok(found)
    }

    /// Leaves out the table of sqlx with all that belongs to it.
    fn forget_records(&mut self) {
        let objects = self.collection.objects();
        let table = |f: Object<'_>| f.key.kind == Kind::Table && f.get(Attr::Name) == Some(SQLX_RECORDS);
        let mut gone: Vec<bool> = objects.iter().map(table).collect();
        if !gone.contains(&true) {
            return;
        }
        loop {
            let above = |f: Object<'_>| f.parent.and_then(|parent| self.collection.place(parent));
            let goes = |f: Object<'_>| above(f).is_some_and(|at| gone[at as usize]);
            let more: Vec<bool> = objects.iter().zip(&gone).map(|(f, itself)| *itself || goes(f)).collect();
            if more == gone {
                break;
            }
            gone = more;
        }
        self.collection.retain(|at| !gone[at as usize]);
    }

    fn link(&mut self, dependencies: &[Dependency], metadata: &Metadata, options: &Options) -> Decoded<()> {
        self.uncompared(&metadata.uncompared)?;
        self.aliases(&metadata.generated, &metadata.aliases, dependencies)?;
        self.comments(&metadata.comments)?;
        self.privileges(&metadata.privileges)?;
        self.system_privileges(&metadata.system_privileges)?;
        if options.owners {
            self.owners();
        }
        self.dependencies(dependencies);
        Ok(())
    }

    fn uncompared(&mut self, rows: &[PgRow]) -> Decoded<()> {
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

/// The number of a transaction, which the protocol's text form says in decimal; 0 where there is none.
fn transaction<I: ColumnIndex<PgRow>>(row: &PgRow, column: I) -> Decoded<u32> {
    let number: Option<&str> = row.try_get_unchecked(column)?;
    Ok(number.and_then(|number| number.parse().ok()).unwrap_or_default())
}

fn oid(row: &PgRow, name: &str) -> Decoded<u32> {
    row.try_get::<Oid, _>(name).map(|oid| oid.0)
}
