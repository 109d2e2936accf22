//! The check of rules against a database.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use super::{
    code::calls,
    collisions::collisions,
    extensions::{ExtensionTable, extension_tables, of_extensions},
    fit::misfit,
    looks::looks,
    model::{Chosen, Column, Table, named, tables},
    patterns::DEFINITIONS,
    report::{FindingKind, Report},
    rule::Rule,
    rules::{LargeObjects, Rules},
};
use crate::{
    data::{
        catalog::{begin, end, fetch, text},
        error::DataError,
    },
    sql::quote_literal,
};

/// Checks whether rules can be applied to the connected database and cover every column that looks personal, by its
/// name or by a sample of its values. Nothing is changed.
///
/// Looks cannot prove that nothing personal is left: free text is searched for addresses and numbers, not for names.
///
/// ```no_run
/// # async fn show(connection: &mut sqlx::PgConnection) -> Result<(), Box<dyn std::error::Error>> {
/// use lakebase::data::mask::{Rules, check};
///
/// let report = check(connection, &Rules::from_toml(&std::fs::read_to_string("masking.toml")?)?).await?;
/// assert!(report.is_clean(), "{report}");
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// [`DataError::Read`] where the catalogs or rows cannot be read.
pub async fn check(conn: &mut PgConnection, rules: &Rules) -> Result<Report, DataError> {
    examine(conn, rules).await.map(|examined| examined.report)
}

/// The tables of a database with the rules for their columns.
pub(super) struct Examined {
    pub(super) tables: Vec<Table>,
    pub(super) chosen: Chosen,
    pub(super) report: Report,
}

pub(super) async fn examine(conn: &mut PgConnection, rules: &Rules) -> Result<Examined, DataError> {
    begin(conn).await?;
    let examined = within(conn, rules).await;
    end(conn).await?;
    examined
}

async fn within(conn: &mut PgConnection, rules: &Rules) -> Result<Examined, DataError> {
    let tables = tables(conn).await?;
    let of_others = extension_tables(conn).await?;
    let mut report = Report::default();
    let chosen = choose(&tables, &of_others, rules, &mut report);
    for table in &tables {
        let own = chosen.get(&table.oid);
        fits(conn, table, own, rules, &mut report).await?;
        let is_ruled = |column: &Column| own.is_some_and(|rules| rules.contains_key(&column.name));
        for (column, look) in looks(conn, table, is_ruled).await? {
            let reason = format!("{look}: add a rule, or \"keep\"");
            report.add(FindingKind::Personal, named(table, &column), reason);
        }
    }
    collisions(conn, &tables, &chosen, &mut report).await?;
    of_extensions(conn, &of_others, rules, &mut report).await?;
    let masked = chosen.iter().filter(|(_, rules)| rules.values().any(|rule| *rule != Rule::Keep));
    let masked: Vec<i64> = masked.map(|(oid, _)| *oid).collect();
    calls(conn, &masked, rules, &mut report).await?;
    others(conn, rules, &mut report).await?;
    definitions(conn, rules, &mut report).await?;
    Ok(Examined { tables, chosen, report })
}

/// Finds the table and column of each rule. A column that is inherited has the rule of its parent, unless it has its own.
fn choose(tables: &[Table], of_others: &[ExtensionTable], rules: &Rules, report: &mut Report) -> Chosen {
    let mut chosen = Chosen::new();
    for (name, columns) in rules.tables() {
        let meant: Vec<_> = tables.iter().filter(|table| table.name.is_named(name)).collect();
        if meant.is_empty() {
            let reason = "no table has this name; partitions are masked with their partitioned table";
            let of_extension = of_others.iter().find_map(|table| table.refusal(name));
            report.add(FindingKind::Unknown, name, of_extension.unwrap_or_else(|| reason.to_owned()));
        }
        for (column, rule) in columns {
            let with: Vec<_> = meant
                .iter()
                .filter(|table| table.columns.iter().any(|other| other.name == *column))
                .collect();
            if with.is_empty() && !meant.is_empty() {
                report.add(FindingKind::Unknown, format!("{name}.{column}"), "the table has no such column");
            }
            for table in with {
                let before = chosen.entry(table.oid).or_default().insert(column.clone(), rule.clone());
                if before.is_some_and(|before| before != *rule) {
                    let reason = "two rules are for this column, with and without the schema";
                    report.add(FindingKind::Unfit, named(table, column), reason);
                }
            }
        }
    }
    let own = chosen.clone();
    for table in tables {
        for column in &table.columns {
            if let Some(rule) = inherited(tables, &own, table, &column.name, 0) {
                chosen.entry(table.oid).or_default().insert(column.name.clone(), rule);
            }
        }
    }
    chosen
}

fn inherited(tables: &[Table], own: &Chosen, table: &Table, column: &str, depth: u8) -> Option<Rule> {
    if let Some(rule) = own.get(&table.oid).and_then(|rules| rules.get(column)) {
        return Some(rule.clone());
    }
    let parents = tables.iter().filter(|other| depth < u8::MAX && table.parents.contains(&other.oid));
    parents.into_iter().find_map(|parent| inherited(tables, own, parent, column, depth + 1))
}

/// Checks whether the rules of one table can be applied.
async fn fits(
    conn: &mut PgConnection,
    table: &Table,
    own: Option<&BTreeMap<String, Rule>>,
    rules: &Rules,
    report: &mut Report,
) -> Result<(), DataError> {
    let ruled = table.columns.iter().filter_map(|column| Some((column, own?.get(&column.name)?)));
    let masked: Vec<_> = ruled.filter(|(_, rule)| **rule != Rule::Keep).collect();
    if masked.is_empty() {
        return Ok(());
    }
    if table.parts.iter().any(|part| part.foreign) {
        report.add(FindingKind::Unsupported, table.name.to_string(), "its rows are in another server");
    }
    if table.has_rewrite_rules {
        let reason = "it has rewrite rules (CREATE RULE), which would see the old values: drop them first";
        report.add(FindingKind::Unsupported, table.name.to_string(), reason);
    }
    // Triggers do not run, so that those of a full text search do not replace it.
    let search = table.columns.iter().filter(|column| column.is_search() && !column.generated);
    for column in search.filter(|column| own.is_some_and(|rules| !rules.contains_key(&column.name))) {
        let reason =
            "it may hold words of masked columns, as triggers do not run: add the rule \"null\", or \"keep\"";
        report.add(FindingKind::Personal, named(table, &column.name), reason);
    }
    for (column, rule) in masked {
        if let Some(reason) = misfit(rule, column, table) {
            report.add(FindingKind::Unfit, named(table, &column.name), reason);
        } else if let Rule::Constant(constant) = rule
            && let Some(reason) = invalid(conn, column, constant).await?
        {
            report.add(FindingKind::Unfit, named(table, &column.name), reason);
        }
        let default = format!("default of {}", named(table, &column.name));
        if column.has_literal_default() && !rules.waived().contains(&default) {
            let reason = "it is a value of a masked column, and definitions are not masked: drop it, or waive it by \
                          this name";
            report.add(FindingKind::Personal, default, reason);
        }
    }
    Ok(())
}

/// Asks the server for the reason why a constant is no value of the column's type.
async fn invalid(
    conn: &mut PgConnection,
    column: &Column,
    constant: &str,
) -> Result<Option<String>, DataError> {
    let what = "a constant of a mask";
    let failed = |source| DataError::read(what, source);
    conn.execute("savepoint constant").await.map_err(failed)?;
    let sql = format!("select {}::{}", quote_literal(constant), column.shown);
    let reason = match sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *conn).await {
        Ok(_) => None,
        Err(sqlx::Error::Database(error)) => Some(format!("the constant does not fit: {}", error.message())),
        Err(other) => return Err(failed(other)),
    };
    conn.execute("rollback to savepoint constant").await.map_err(failed)?;
    Ok(reason)
}

/// Objects by which raw values would be reached beside the tables, and the reason.
const OTHERS: &str = "
  select 'foreign server ' || srvname, 'it leads to data outside of the branch: waive it by this name'
    from pg_catalog.pg_foreign_server
  union all select 'subscription ' || subname, 'it brings changes from outside: waive it by this name'
    from pg_catalog.pg_subscription s join pg_catalog.pg_database d on d.oid = s.subdbid
    where d.datname = pg_catalog.current_database()
  union all select 'prepared transaction ' || gid, 'it keeps old row versions: end it first'
    from pg_catalog.pg_prepared_xacts where database = pg_catalog.current_database()
  union all select 'large objects', count(*) || ' large objects: say in large_objects whether to remove or keep them'
    from pg_catalog.pg_largeobject_metadata having count(*) > 0";

async fn others(conn: &mut PgConnection, rules: &Rules, report: &mut Report) -> Result<(), DataError> {
    let what = "foreign servers and large objects";
    // Not every column of subscriptions is for all to read; these are.
    for row in &fetch(conn, what, OTHERS.to_owned()).await? {
        let object = text(row, 0, what)?.unwrap_or_default();
        let reason = text(row, 1, what)?.unwrap_or_default();
        let chosen = object == "large objects" && rules.of_large_objects() != LargeObjects::Refuse;
        let waived = !object.starts_with("prepared") && rules.waived().contains(object);
        if !chosen && !waived {
            report.add(FindingKind::Unsupported, object, reason);
        }
    }
    Ok(())
}

/// Texts of definitions, which are not masked. The first user object has the oid 16384.
const TEXTS: &str = "
  select 'default of ' || d.adrelid::regclass || '.' || quote_ident(a.attname) as object,
      pg_get_expr(d.adbin, d.adrelid) as text
    from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
  union all select 'constraint ' || quote_ident(conname) || ' of ' || conrelid::regclass, pg_get_constraintdef(oid)
    from pg_constraint where contype = 'c' and oid >= 16384
  union all select 'comment on ' || pg_describe_object(classoid, objoid, objsubid), description
    from pg_description where objoid >= 16384
  union all select 'function ' || oid::regprocedure, prosrc from pg_proc where oid >= 16384
  union all select 'view ' || oid::regclass, pg_get_viewdef(oid) from pg_class
    where relkind in ('v', 'm') and oid >= 16384
  union all select 'index ' || indexrelid::regclass, pg_get_indexdef(indexrelid) from pg_index
    where (indexprs is not null or indpred is not null) and indexrelid >= 16384
  union all select 'partition ' || oid::regclass, pg_get_expr(relpartbound, oid) from pg_class where relispartition
  union all select 'type ' || enumtypid::regtype, enumlabel from pg_enum
  union all select 'trigger ' || quote_ident(tgname) || ' of ' || tgrelid::regclass, pg_get_triggerdef(oid)
    from pg_trigger where not tgisinternal
  union all select 'policy ' || quote_ident(polname) || ' of ' || polrelid::regclass,
      coalesce(pg_get_expr(polqual, polrelid), '') || coalesce(pg_get_expr(polwithcheck, polrelid), '')
    from pg_policy";

async fn definitions(conn: &mut PgConnection, rules: &Rules, report: &mut Report) -> Result<(), DataError> {
    let what = "definitions";
    for pattern in DEFINITIONS {
        let look = pattern.what;
        let sql = format!(
            "select distinct object from ({TEXTS}) x where text ~ {} order by 1",
            quote_literal(pattern.regex)
        );
        for row in &fetch(conn, what, sql).await? {
            let object = text(row, 0, what)?.unwrap_or_default();
            if !rules.waived().contains(object) {
                let reason = format!(
                    "it holds what looks like an {look}, and definitions are not masked: change it, or waive it by this name"
                );
                report.add(FindingKind::Personal, object, reason);
            }
        }
    }
    Ok(())
}
