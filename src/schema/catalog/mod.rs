//! Reads a live catalog into a [`Schema`].

mod cell;
mod compose;
mod dependencies;
mod identity;
mod metadata;
mod omitted;
mod origin;
mod queries;
mod reader;
mod rows;
mod versions;

use std::collections::{HashMap, HashSet};

use sqlx::postgres::PgRow;
use sqlx::{Executor as _, PgConnection};

pub(crate) use omitted::USER_RELATION;

use super::error::SchemaError;
use super::model::{Kind, Schema};
use super::options::Options;
use origin::{read_catalogs, read_classes, read_empty, read_origin, read_schemas};
use queries::{
    ALIASES, COMMENTS, DEPENDENCIES, GENERATED, GENERATED_FROM, PRIVILEGES, Query, SECURITY_LABELS,
    SYSTEM_PRIVILEGES, UNCOMPARED,
};
use reader::{Decoded, Dependency, Reader, fetch};
use versions::QueryTemplate;

impl Schema {
    /// Reads the schema of the connected database in one repeatable-read transaction, which is rolled back.
    ///
    /// # Errors
    ///
    /// [`SchemaError::Denied`] when the role may not read a catalog, [`SchemaError::Read`] when a catalog cannot be
    /// read otherwise or the connection fails, [`SchemaError::UnsupportedVersion`] before PostgreSQL 15.
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

/// Sets every parameter that affects how the server prints a definition, as roles and databases can override them.
const BEGIN: &str = "begin isolation level repeatable read read only;
    set local search_path = ''; set local jit = off; set local quote_all_identifiers = off;
    set local standard_conforming_strings = on; set local intervalstyle = postgres; set local bytea_output = hex;
    set local datestyle = 'ISO, YMD'; set local timezone = 'UTC'; set local extra_float_digits = 1;
    set local xmloption = content";

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
    let schemas = read_schemas(conn, options).await?;
    let text = QueryTemplate { version: origin.version, schemas, comments: options.comments };
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
    reader.omit(options);
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
        text: &QueryTemplate,
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

impl Reader {
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
}
