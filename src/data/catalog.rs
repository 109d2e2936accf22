//! Reads tables, columns, keys and types from the catalogs.

use std::collections::HashMap;

use serde::{Deserialize, de::DeserializeOwned};
use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Row as _, postgres::PgRow};

use super::{
    error::DataError,
    model::{Column, Database, Part, Table, TableName, UniqueIndex},
    types::{RawType, Types},
};
use crate::schema::USER_RELATION;

/// One snapshot, in which every parameter that affects how a value is printed is the same on both sides. Row security
/// would hide rows without saying so: off, it is an error.
const BEGIN: &str = "begin isolation level repeatable read read only;
    set local search_path = ''; set local jit = off; set local row_security = off;
    set local cursor_tuple_fraction = 1; set local quote_all_identifiers = off";

/// Parameters that affect how values are printed and read.
pub(super) const FORMATS: &str =
    "set local standard_conforming_strings = on; set local intervalstyle = postgres;
    set local bytea_output = hex; set local datestyle = 'ISO, YMD'; set local timezone = 'UTC';
    set local extra_float_digits = 1; set local xmloption = content; set local lc_monetary = 'C'";

/// Begins the snapshot of one side.
pub(super) async fn begin(conn: &mut PgConnection) -> Result<(), DataError> {
    let failed = |source| DataError::read("a snapshot", source);
    conn.execute(BEGIN).await.map_err(failed)?;
    conn.execute(FORMATS).await.map_err(failed)?;
    Ok(())
}

/// Ends the snapshot of one side.
pub(super) async fn end(conn: &mut PgConnection) -> Result<(), DataError> {
    conn.execute("rollback").await.map_err(|source| DataError::read("a snapshot", source))?;
    Ok(())
}

/// All rows of a query in the server's text format.
pub(super) async fn fetch(conn: &mut PgConnection, what: &str, sql: String) -> Result<Vec<PgRow>, DataError> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(conn).await;
    rows.map_err(|source| DataError::read(what, source))
}

/// The text of a value, nothing for NULL.
pub(super) fn text<'r>(row: &'r PgRow, column: usize, what: &str) -> Result<Option<&'r str>, DataError> {
    row.try_get_unchecked(column).map_err(|source| DataError::read(what, source))
}

/// A number from its text form; NULL counts as 0.
pub(super) fn number<T: std::str::FromStr + Default>(
    row: &PgRow,
    column: usize,
    what: &str,
) -> Result<T, DataError> {
    match text(row, column, what)? {
        None => Ok(T::default()),
        Some(text) => text.parse().map_err(|_| DataError::answer(what, text)),
    }
}

/// The rows of a query as values that serde reads.
pub(super) async fn read<T: DeserializeOwned>(
    conn: &mut PgConnection,
    what: &str,
    sql: &str,
) -> Result<Vec<T>, DataError> {
    let sql = format!("select coalesce(json_agg(to_json(x)), '[]')::text from ({sql}) x");
    let rows = fetch(conn, what, sql).await?;
    let json = rows.first().map(|row| text(row, 0, what)).transpose()?.flatten().unwrap_or("[]");
    serde_json::from_str(json).map_err(|error| DataError::answer(what, error))
}

const TABLES: &str = "select c.oid::int8 as oid, n.nspname as schema, c.relname as name, c.relkind as kind,
    case when c.relispartition then coalesce(pg_catalog.pg_partition_root(c.oid)::oid::int8, 0) else 0 end as root,
    coalesce(pg_catalog.pg_relation_size(c.oid), 0) / pg_catalog.current_setting('block_size')::int8 as blocks,
    coalesce(am.amname = 'heap', false) as heap, c.relpersistence = 'p' as logged
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_am am on am.oid = c.relam
  where c.relkind in ('r', 'p', 'f') and c.relpersistence <> 't' and {USER_RELATION}
  order by n.nspname collate \"C\", c.relname collate \"C\"";

const COLUMNS: &str = "select a.attrelid::int8 as relation, a.attname as name, a.atttypid::int8 as type,
    pg_catalog.format_type(a.atttypid, -1) as type_name, a.attnotnull as not_null, a.attgenerated <> '' as generated
  from pg_catalog.pg_attribute a
  where a.attnum > 0 and not a.attisdropped and a.attrelid = any('{RELATIONS}'::oid[])
  order by a.attrelid, a.attnum";

const KEYS: &str = "select i.indrelid::int8 as relation, c.relname as name, i.indisprimary as primary,
    k.columns
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  cross join lateral (select json_agg(a.attname order by k.n) as columns, bool_and(a.attnotnull) as complete
    from unnest(i.indkey) with ordinality k(attribute, n)
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attribute
    where k.n <= i.indnkeyatts) k
  where i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null and k.complete
    and i.indrelid = any('{RELATIONS}'::oid[])
  order by i.indrelid, i.indisprimary desc, i.indisreplident desc, i.indnkeyatts, c.relname collate \"C\"";

const ORIGIN: &str = "select pg_catalog.current_setting('server_version_num')::int4 as version,
    pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute') as control,
    (select oid::int8 from pg_catalog.pg_database where datname = pg_catalog.current_database()) as database";

#[derive(Deserialize)]
struct Origin {
    version: u32,
    control: bool,
    database: i64,
}

#[derive(Deserialize)]
struct RawTable {
    oid: i64,
    schema: String,
    name: String,
    kind: String,
    root: i64,
    blocks: u32,
    heap: bool,
    logged: bool,
}

#[derive(Deserialize)]
struct RawColumn {
    relation: i64,
    name: String,
    r#type: i64,
    type_name: String,
    not_null: bool,
    generated: bool,
}

#[derive(Deserialize)]
struct RawKey {
    relation: i64,
    name: String,
    primary: bool,
    columns: Vec<String>,
}

impl Database {
    /// Reads the wanted tables inside of the snapshot.
    pub(super) async fn read(
        conn: &mut PgConnection,
        wanted: impl Fn(&TableName) -> bool,
    ) -> Result<Self, DataError> {
        let origin = read_origin(conn).await?;
        let tables: Vec<RawTable> =
            read(conn, "tables", &TABLES.replace("{USER_RELATION}", USER_RELATION)).await?;
        let (partitions, roots): (Vec<_>, Vec<_>) = tables.into_iter().partition(|table| table.root != 0);
        let name = |table: &RawTable| TableName { schema: table.schema.clone(), name: table.name.clone() };
        let roots: Vec<_> = roots.into_iter().filter(|table| wanted(&name(table))).collect();
        let oids = roots.iter().map(|table| table.oid.to_string()).collect::<Vec<_>>().join(",");
        let of = |sql: &str| sql.replace("RELATIONS", &oids);
        let columns: Vec<RawColumn> = read(conn, "columns", &of(COLUMNS)).await?;
        let keys: Vec<RawKey> = read(conn, "indexes", &of(KEYS)).await?;
        let types: Vec<RawType> = read(conn, "types", &of(super::types::TYPES)).await?;
        let types = Types::new(types);
        let mut skipped = Vec::new();
        let mut parts: HashMap<i64, Vec<Part>> = HashMap::new();
        for table in partitions.iter().chain(&roots) {
            let root = if table.root == 0 { table.oid } else { table.root };
            let RawTable { blocks, heap, logged, .. } = *table;
            let part = Part { name: name(table), blocks, heap, logged };
            match table.kind.as_str() {
                "r" => parts.entry(root).or_default().push(part),
                "f" => skipped.push(format!("{} (foreign table)", part.name)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        for table in roots.iter().filter(|table| table.kind != "f") {
            found.push(Table {
                name: name(table),
                parts: parts.remove(&table.oid).unwrap_or_default(),
                columns: columns_of(table.oid, &columns, &types),
                keys: keys_of(table.oid, &keys),
            });
        }
        Ok(Self { origin, tables: found, skipped })
    }
}

fn columns_of(relation: i64, columns: &[RawColumn], types: &Types) -> Vec<Column> {
    let from = columns.partition_point(|column| column.relation < relation);
    let rest = columns.get(from..).unwrap_or_default();
    let own = rest.iter().take_while(|column| column.relation == relation);
    own.map(|column| Column {
        name: column.name.clone(),
        type_name: column.type_name.clone(),
        not_null: column.not_null,
        generated: column.generated,
        hash: types.hash(column.r#type),
    })
    .collect()
}

fn keys_of(relation: i64, keys: &[RawKey]) -> Vec<UniqueIndex> {
    let own = keys.iter().filter(|key| key.relation == relation);
    own.map(|key| UniqueIndex { name: key.name.clone(), columns: key.columns.clone(), primary: key.primary })
        .collect()
}

async fn read_origin(conn: &mut PgConnection) -> Result<Option<String>, DataError> {
    let what = "the server";
    let origins: Vec<Origin> = read(conn, what, ORIGIN).await?;
    let Some(origin) = origins.first() else { return Err(DataError::answer(what, "no row")) };
    if origin.version < 150_000 {
        let version = format!("{}.{}", origin.version / 10_000, origin.version % 100);
        return Err(DataError::UnsupportedVersion { version });
    }
    if !origin.control {
        return Ok(None);
    }
    let sql = "select system_identifier::text from pg_catalog.pg_control_system()".to_owned();
    let rows = fetch(conn, what, sql).await?;
    let system = rows.first().map(|row| text(row, 0, what)).transpose()?.flatten();
    Ok(system.map(|system| format!("{system}/{}", origin.database)))
}
