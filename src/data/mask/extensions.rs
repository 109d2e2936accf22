//! Tables that belong to extensions: they are not masked, and so must not look personal.

use serde::Deserialize;
use sqlx::PgConnection;

use super::{
    looks::looks,
    model::{Kind, Part, Table, columns},
    report::{FindingKind, Report},
    rules::Rules,
};
use crate::data::{catalog::read, error::DataError, model::TableName};

#[derive(Deserialize)]
struct RawTable {
    oid: i64,
    schema: String,
    name: String,
    extension: String,
    readable: bool,
    foreign: bool,
    blocks: i64,
}

/// Relations with rows that an extension owns, or whose partitioned table it owns.
const TABLES: &str = "select distinct on (c.oid) c.oid::int8 as oid, n.nspname as schema, c.relname as name,
    e.extname as extension, pg_catalog.has_table_privilege(c.oid, 'select') as readable, c.relkind = 'f' as foreign,
    coalesce(pg_catalog.pg_relation_size(c.oid), 0) / pg_catalog.current_setting('block_size')::int8 as blocks
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objsubid = 0
    and d.objid in (c.oid, case when c.relispartition then pg_catalog.pg_partition_root(c.oid)::oid end)
    and d.deptype = 'e' and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
  join pg_catalog.pg_extension e on e.oid = d.refobjid
  where c.relkind in ('r', 'm', 'f') and c.relpersistence <> 't' and n.nspname !~ '^pg_'
  order by c.oid";

/// A table of an extension.
pub(super) struct ExtensionTable {
    table: Table,
    extension: String,
    readable: bool,
}

impl ExtensionTable {
    /// The name under which it is waived.
    fn object(&self) -> String {
        format!("table {} of extension {}", self.table.name, self.extension)
    }

    /// The reason why a rule cannot name it, where one does.
    pub(super) fn refusal(&self, name: &str) -> Option<String> {
        let Self { extension, .. } = self;
        self.table.name.is_named(name).then(|| {
            format!("it belongs to the extension {extension}, whose tables are not masked: remove the rule")
        })
    }
}

/// Reads all tables of extensions.
pub(super) async fn extension_tables(conn: &mut PgConnection) -> Result<Vec<ExtensionTable>, DataError> {
    let raw: Vec<RawTable> = read(conn, "tables of extensions", TABLES).await?;
    let columns = columns(conn, raw.iter().map(|table| table.oid)).await?;
    let made = raw.into_iter().map(|raw| {
        let name = TableName { schema: raw.schema, name: raw.name };
        let part = Part { name: name.clone(), foreign: raw.foreign, has_dropped: false, blocks: raw.blocks };
        let table = Table {
            oid: raw.oid,
            name,
            kind: if raw.foreign { Kind::Foreign } else { Kind::Plain },
            parents: Vec::new(),
            parts: vec![part],
            has_rewrite_rules: false,
            columns: columns.iter().filter(|column| column.relation == raw.oid).cloned().collect(),
        };
        ExtensionTable { table, extension: raw.extension, readable: raw.readable }
    });
    Ok(made.collect())
}

/// Lists tables of extensions that have rows, and reports those that look personal.
pub(super) async fn of_extensions(
    conn: &mut PgConnection,
    tables: &[ExtensionTable],
    rules: &Rules,
    report: &mut Report,
) -> Result<(), DataError> {
    let has_rows = |found: &&ExtensionTable| found.table.parts.iter().any(|part| part.blocks > 0);
    for found in tables.iter().filter(has_rows) {
        let object = found.object();
        report.unmasked.push(object.clone());
        if rules.waived().contains(&object) {
            continue;
        }
        let reasons: Vec<String> = match found.readable {
            true => looks(conn, &found.table, |_| false)
                .await?
                .into_iter()
                .map(|(column, look)| format!("column {column}: {look}"))
                .collect(),
            false => vec!["its rows cannot be read".to_owned()],
        };
        if !reasons.is_empty() {
            let reason = format!(
                "{}; tables of extensions are not masked: waive it by this name, or drop the extension",
                reasons.join(", ")
            );
            report.add(FindingKind::Personal, object, reason);
        }
    }
    Ok(())
}
