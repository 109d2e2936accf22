//! Tables and columns as their catalogs describe them, as far as masks are concerned.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use sqlx::PgConnection;

use super::{patterns::Family, rule::Rule};
use crate::{
    data::{
        catalog::read,
        error::DataError,
        model::{TableName, shown},
    },
    schema::USER_RELATION,
};

/// Rules by the oid of the table and the name of the column.
pub(super) type Chosen = HashMap<i64, BTreeMap<String, Rule>>;

/// A column as findings name it.
pub(super) fn named(table: &Table, column: &str) -> String {
    format!("{}.{}", table.name, shown(column))
}

/// A table that is not a partition.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) oid: i64,
    pub(super) name: TableName,
    pub(super) kind: Kind,
    /// Tables that it inherits from.
    pub(super) parents: Vec<i64>,
    /// The relations with its rows: itself, or its partitions.
    pub(super) parts: Vec<Part>,
    /// Whether rules of rewriting belong to it.
    pub(super) has_rewrite_rules: bool,
    pub(super) columns: Vec<Column>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Partitioned,
    Foreign,
}

/// A relation with rows.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) name: TableName,
    pub(super) foreign: bool,
    /// Whether rows may hold values of columns that were dropped.
    pub(super) has_dropped: bool,
    pub(super) blocks: i64,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Column {
    pub(super) relation: i64,
    pub(super) name: String,
    /// The type as it is written.
    pub(super) shown: String,
    /// The name of the type behind domains.
    pub(super) base: String,
    class: String,
    category: String,
    typmod: i32,
    pub(super) not_null: bool,
    pub(super) generated: bool,
    pub(super) always_identity: bool,
    pub(super) unique: bool,
    pub(super) partition_key: bool,
    pub(super) in_foreign_key: bool,
    pub(super) without_statistics: bool,
    default: Option<String>,
}

impl Column {
    /// The most characters of a value, where the type limits them.
    pub(super) fn limit(&self) -> Option<usize> {
        let limited = matches!(self.base.as_str(), "varchar" | "bpchar") && self.typmod >= 4;
        limited.then(|| usize::try_from(self.typmod - 4).unwrap_or_default())
    }

    /// Whether the type limits the digits of a number.
    pub(super) fn has_precision(&self) -> bool {
        self.base == "numeric" && self.typmod != -1
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self.base.as_str(), "text" | "varchar" | "bpchar" | "citext")
    }

    pub(super) fn family(&self) -> Family {
        match (self.class.as_str(), self.category.as_str()) {
            ("e", _) | (_, "B" | "T" | "R") => Family::Other,
            (_, "N") => Family::Number,
            (_, "D") => Family::Date,
            (_, "I") => Family::Network,
            _ if self.base == "uuid" => Family::Uuid,
            _ => Family::Text,
        }
    }

    /// Whether the default is a text that is written in it. Names of sequences are none of the data.
    pub(super) fn has_literal_default(&self) -> bool {
        let default = self.default.as_deref().filter(|_| self.family() == Family::Text).unwrap_or_default();
        let mut pieces = default.split('\'').skip(1);
        std::iter::from_fn(|| Some((pieces.next()?, pieces.next()?)))
            .any(|(literal, next)| !literal.is_empty() && !next.starts_with("::regclass"))
    }

    /// Whether values are words of other columns, for a full text search.
    pub(super) fn is_search(&self) -> bool {
        self.base == "tsvector"
    }

    /// Whether values are searched.
    pub(super) fn is_sampled(&self) -> bool {
        let opaque = ["tsvector", "bytea", "bit", "varbit", "oid", "vector"];
        self.family() == Family::Text && self.category != "G" && !opaque.contains(&self.base.as_str())
    }
}

#[derive(Deserialize)]
struct RawTable {
    oid: i64,
    schema: String,
    name: String,
    kind: String,
    root: i64,
    parents: Vec<i64>,
    dropped: bool,
    rewritten: bool,
    blocks: i64,
}

/// Records of migrations are the tools', not the users'.
const TABLES: &str = "select c.oid::int8 as oid, n.nspname as schema, c.relname as name, c.relkind as kind,
    case when c.relispartition then coalesce(pg_catalog.pg_partition_root(c.oid)::oid::int8, 0) else 0 end as root,
    coalesce((select json_agg(i.inhparent::int8) from pg_catalog.pg_inherits i
      where i.inhrelid = c.oid and not c.relispartition), '[]') as parents,
    exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attisdropped) as dropped,
    exists (select from pg_catalog.pg_rewrite r where r.ev_class = c.oid) as rewritten,
    coalesce(pg_catalog.pg_relation_size(c.oid), 0) / pg_catalog.current_setting('block_size')::int8 as blocks
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f') and c.relpersistence <> 't' and n.nspname <> '_lakebase'
    and c.relname <> '_sqlx_migrations' and {USER_RELATION}
  order by n.nspname collate \"C\", c.relname collate \"C\"";

const COLUMNS: &str = "with recursive base(oid, type, typmod, not_null) as (
    select t.oid, t.oid, -1, false from pg_catalog.pg_type t where t.typtype <> 'd'
    union all
    select t.oid, b.type, case when t.typtypmod <> -1 then t.typtypmod else b.typmod end, b.not_null or t.typnotnull
    from base b join pg_catalog.pg_type t on t.typtype = 'd' and t.typbasetype = b.oid)
  select a.attrelid::int8 as relation, a.attname as name,
    pg_catalog.format_type(a.atttypid, a.atttypmod) as shown, y.typname as base, y.typtype as class,
    y.typcategory as category, case when a.atttypmod <> -1 then a.atttypmod else b.typmod end as typmod,
    a.attnotnull or b.not_null as not_null, a.attgenerated <> '' as generated,
    a.attidentity = 'a' as always_identity,
    exists (select from pg_catalog.pg_index i where i.indrelid = a.attrelid and i.indisunique
      and a.attnum = any(i.indkey)) as unique,
    exists (select from pg_catalog.pg_partitioned_table p where p.partrelid = a.attrelid
      and (a.attnum = any(p.partattrs) or 0 = any(p.partattrs))) as partition_key,
    exists (select from pg_catalog.pg_constraint k where k.contype = 'f'
      and (k.conrelid = a.attrelid and a.attnum = any(k.conkey)
        or k.confrelid = a.attrelid and a.attnum = any(k.confkey))) as in_foreign_key,
    coalesce(a.attstattarget, -1) = 0 as without_statistics,
    (select pg_catalog.pg_get_expr(d.adbin, d.adrelid) from pg_catalog.pg_attrdef d
      where d.adrelid = a.attrelid and d.adnum = a.attnum) as default
  from pg_catalog.pg_attribute a
  join base b on b.oid = a.atttypid
  join pg_catalog.pg_type y on y.oid = b.type
  where a.attnum > 0 and not a.attisdropped and a.attrelid = any('{RELATIONS}'::oid[])
  order by a.attrelid, a.attnum";

/// Reads the columns of relations.
pub(super) async fn columns(
    conn: &mut PgConnection,
    relations: impl Iterator<Item = i64>,
) -> Result<Vec<Column>, DataError> {
    let oids = relations.map(|oid| oid.to_string()).collect::<Vec<_>>().join(",");
    read(conn, "columns", &COLUMNS.replace("RELATIONS", &oids)).await
}

/// Reads all tables with their columns.
pub(super) async fn tables(conn: &mut PgConnection) -> Result<Vec<Table>, DataError> {
    let raw: Vec<RawTable> = read(conn, "tables", &TABLES.replace("{USER_RELATION}", USER_RELATION)).await?;
    let roots = raw.iter().filter(|table| table.root == 0);
    let columns = columns(conn, roots.clone().map(|table| table.oid)).await?;
    let name = |table: &RawTable| TableName { schema: table.schema.clone(), name: table.name.clone() };
    let part = |table: &RawTable| Part {
        name: name(table),
        foreign: table.kind == "f",
        has_dropped: table.dropped,
        blocks: table.blocks,
    };
    let made = roots.map(|table| {
        let own = raw.iter().filter(|other| other.oid == table.oid || other.root == table.oid);
        let kind = match table.kind.as_str() {
            "p" => Kind::Partitioned,
            "f" => Kind::Foreign,
            _ => Kind::Plain,
        };
        Table {
            oid: table.oid,
            name: name(table),
            kind,
            parents: table.parents.clone(),
            parts: own.clone().filter(|part| part.kind != "p").map(part).collect(),
            has_rewrite_rules: own.clone().any(|part| part.rewritten),
            columns: columns.iter().filter(|column| column.relation == table.oid).cloned().collect(),
        }
    });
    Ok(made.collect())
}
