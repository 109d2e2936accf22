//! The application of rules to a database.

use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use super::{
    check::{Examined, examine},
    expression::masked,
    key,
    model::{Chosen, Kind, Part, Table},
    rule::Rule,
    rules::{LargeObjects, Rules},
    steps::{foreign_keys, materialized_views, triggers},
};
use crate::{
    data::{
        catalog::{FORMATS, fetch, number},
        error::DataError,
    },
    sql::quote_ident,
};

/// The extent of a masking.
///
/// ```
/// println!("{}", lakebase::data::mask::Masked::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Masked {
    /// Tables with masked columns.
    pub tables: u64,
    /// Masked columns.
    pub columns: u64,
    /// Rows of these tables.
    pub rows: u64,
}

impl Masked {
    pub(crate) fn add(&mut self, other: &Self) {
        self.tables += other.tables;
        self.columns += other.columns;
        self.rows += other.rows;
    }
}

impl std::fmt::Display for Masked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "masked {} columns of {} tables, {} rows", self.columns, self.tables, self.rows)
    }
}

/// Replaces values in the connected database as the rules say, and rewrites the tables so that no old row version is
/// left. The role owns the tables.
///
/// Meant for a database without other sessions. Foreign keys over masked columns are dropped and made again, triggers
/// are disabled meanwhile, and materialized views are refreshed. It is no transaction: **where it fails, the database is
/// in between and must be removed.**
///
/// ```no_run
/// # async fn show(connection: &mut sqlx::PgConnection) -> Result<(), Box<dyn std::error::Error>> {
/// use lakebase::data::mask::{Rule, Rules, apply};
///
/// let rules = Rules::new().column("customers.email", Rule::FakeEmail);
/// println!("{}", apply(connection, &rules).await?);
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// [`DataError::MaskRefused`] with all findings of the [`check`](super::check()), before anything is changed;
/// [`DataError::Mask`] where a statement fails. Its text has no values.
pub async fn apply(conn: &mut PgConnection, rules: &Rules) -> Result<Masked, DataError> {
    let (masked, tables) = replace(conn, rules).await?;
    analyze(conn, &tables).await?;
    Ok(masked)
}

/// As [`apply`], without new statistics. Gives the tables that need them.
pub(crate) async fn replace(
    conn: &mut PgConnection,
    rules: &Rules,
) -> Result<(Masked, Vec<Rewritten>), DataError> {
    let rules = rules.clone().with_some_key()?;
    let examined = examine(conn, &rules).await?;
    if !examined.report.is_clean() {
        return Err(DataError::MaskRefused { report: Box::new(examined.report) });
    }
    prepare(conn).await?;
    let Examined { tables, chosen, .. } = examined;
    let chosen = without_kept(chosen);
    let keys = foreign_keys(conn, &chosen).await?;
    let triggers = triggers(conn, &chosen).await?;
    for statement in keys.before.iter().chain(&triggers.before) {
        run(conn, "foreign keys and triggers", statement).await?;
    }
    let mut done = Masked::default();
    if let Some(secret) = rules.secret() {
        key::load(conn, secret).await?;
    }
    for table in &tables {
        if let Some(statement) = chosen.get(&table.oid).and_then(|rules| update(table, rules)) {
            let rows = run(conn, &table.name.to_string(), &statement).await?;
            done.tables += 1;
            done.columns += chosen.get(&table.oid).map_or(0, |rules| rules.len() as u64);
            done.rows += rows;
        }
    }
    key::forget(conn).await?;
    if rules.of_large_objects() == LargeObjects::Remove {
        let remove = "select lo_unlink(oid) from pg_largeobject_metadata";
        run(conn, "large objects", remove).await?;
    }
    let mut rewritten = Vec::new();
    for table in &tables {
        let parts: Vec<_> =
            table.parts.iter().filter(|part| chosen.contains_key(&table.oid) || part.has_dropped).collect();
        for part in parts.iter().filter(|part| !part.foreign) {
            rewrite(conn, part).await?;
        }
        if !parts.is_empty() {
            rewritten.push(Rewritten::new(table));
        }
    }
    for view in materialized_views(conn).await? {
        run(conn, &view, &format!("refresh materialized view {view}")).await?;
        rewritten.push(Rewritten { name: view, without_statistics: Vec::new() });
    }
    for statement in keys.after.iter().chain(&triggers.after) {
        run(conn, "foreign keys and triggers", statement).await?;
    }
    Ok((done, rewritten))
}

/// A table whose statistics are of old values.
#[derive(Debug)]
pub(crate) struct Rewritten {
    name: String,
    /// Columns for which statistics are turned off, so that old ones would stay.
    without_statistics: Vec<String>,
}

impl Rewritten {
    fn new(table: &Table) -> Self {
        let off = table.columns.iter().filter(|column| column.without_statistics);
        Self {
            name: table.name.sql(),
            without_statistics: off.map(|column| quote_ident(&column.name)).collect(),
        }
    }
}

async fn analyze(conn: &mut PgConnection, tables: &[Rewritten]) -> Result<(), DataError> {
    for Rewritten { name, without_statistics } in tables {
        for (target, after) in [(-1, false), (0, true)] {
            if after {
                run(conn, name, &format!("analyze {name}")).await?;
            }
            for column in without_statistics {
                let set = format!("alter table {name} alter column {column} set statistics {target}");
                run(conn, name, &set).await?;
            }
        }
    }
    Ok(())
}

fn without_kept(mut chosen: Chosen) -> Chosen {
    chosen.values_mut().for_each(|rules| rules.retain(|_, rule| *rule != Rule::Keep));
    chosen.retain(|_, rules| !rules.is_empty());
    chosen
}

/// Settings of roles and databases do not stand in the way, and functions of constraints find what they name.
const SETTINGS: &str = "set search_path = pg_catalog, public, pg_temp; set row_security = off;
    set default_transaction_read_only = off; set default_transaction_isolation = 'read committed';
    set statement_timeout = 0; set lock_timeout = '60s'; set idle_in_transaction_session_timeout = 0;
    set synchronous_commit = off; set jit = off; set client_min_messages = warning";

async fn prepare(conn: &mut PgConnection) -> Result<(), DataError> {
    let formats = FORMATS.replace("set local", "set");
    for settings in [SETTINGS, formats.as_str()] {
        conn.execute(AssertSqlSafe(settings.to_owned()))
            .await
            .map_err(|source| DataError::mask("the session", &source))?;
    }
    Ok(())
}

async fn run(conn: &mut PgConnection, what: &str, sql: &str) -> Result<u64, DataError> {
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(conn).await;
    done.map(|done| done.rows_affected()).map_err(|source| DataError::mask(what, &source))
}

/// One statement for all columns of a table.
fn update(table: &Table, rules: &std::collections::BTreeMap<String, Rule>) -> Option<String> {
    let only = if table.kind == Kind::Plain { "only " } else { "" };
    let source = format!("{only}{}", table.name.sql());
    let (mut set, mut shuffled) = (Vec::new(), Vec::new());
    for column in &table.columns {
        let Some(rule) = rules.get(&column.name) else { continue };
        let name = quote_ident(&column.name);
        let value = masked(rule, table, column, &format!("s.v{}", shuffled.len()))?;
        if *rule == Rule::Shuffle {
            shuffled.push(name.clone());
        }
        set.push(format!("{name} = {value}"));
    }
    if set.is_empty() {
        return None;
    }
    let set = set.join(", ");
    Some(match shuffled.is_empty() {
        true => format!("update {source} t set {set}"),
        false => format!(
            "update {source} t set {set} from {} where t.tableoid = s.part and t.ctid = s.place",
            shuffle(&source, &shuffled)
        ),
    })
}

/// Places of rows with values of other rows, each column in an order of its own.
fn shuffle(source: &str, columns: &[String]) -> String {
    let values = (0..columns.len()).map(|at| format!("b{at}.v{at}")).collect::<Vec<_>>().join(", ");
    let joined = columns.iter().enumerate().map(|(at, column)| {
        format!(
            " join (select x.{column} as v{at}, row_number() over (order by gen_random_uuid()) as n from {source} x) b{at}
              on b{at}.n = a.n"
        )
    });
    format!(
        "(select a.part, a.place, {values} from
          (select x.tableoid as part, x.ctid as place, row_number() over () as n from {source} x) a{}) s",
        joined.collect::<String>()
    )
}

/// Writes a relation with its indexes anew. PostgreSQL only warns where it does not.
async fn rewrite(conn: &mut PgConnection, part: &Part) -> Result<(), DataError> {
    let (name, shown) = (part.name.sql(), part.name.to_string());
    let before = file(conn, &name).await?;
    run(conn, &shown, &format!("vacuum (full) {name}")).await?;
    if before == file(conn, &name).await? {
        let reason = "PostgreSQL did not write the table anew, for which the role must own it".to_owned();
        return Err(DataError::Mask { what: shown, reason, sqlstate: None });
    }
    Ok(())
}

async fn file(conn: &mut PgConnection, name: &str) -> Result<i64, DataError> {
    let literal = crate::sql::quote_literal(name);
    let rows = fetch(conn, name, format!("select pg_relation_filenode({literal}::regclass)")).await?;
    rows.first().map_or(Ok(0), |row| number(row, 0, name))
}
