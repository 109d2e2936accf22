//! Restore of one database: its schema by a plan, its rows by `COPY`, in one transaction.

use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Row as _, postgres::PgRow};

use crate::{
    error::{Error, ErrorKind, Result},
    schema::{self, Options, Plan, PlanOptions, Schema, USER_RELATION},
};

/// The change of the schema from the present to the past.
pub(super) async fn plan(now: &mut PgConnection, past: &mut PgConnection) -> Result<Plan> {
    for connection in [&mut *now, &mut *past] {
        let objects = sqlx::query_scalar("SELECT count(*) FROM pg_catalog.pg_largeobject_metadata");
        let objects: i64 = objects.fetch_one(connection).await?;
        if objects > 0 {
            let message =
                "a database with large objects cannot be restored in place; make a branch at that time";
            return Err(Error::new(ErrorKind::FailedPrecondition, message));
        }
    }
    let options = Options::default();
    let (now, past) = (Schema::read(now, &options).await?, Schema::read(past, &options).await?);
    // The tables are empty when it runs.
    Ok(schema::compare(&now, &past).migration_with(&PlanOptions::plain())?)
}

/// Begins the transaction and keeps other sessions from writing.
pub(super) async fn lock(now: &mut PgConnection) -> Result<()> {
    now.execute(
        "BEGIN; SET LOCAL lock_timeout = '30s'; SET LOCAL search_path = ''; SET LOCAL row_security = off",
    )
    .await?;
    let tables = names(now, "c.relkind IN ('r', 'p')").await?;
    if tables.is_empty() {
        return Ok(());
    }
    run(now, format!("LOCK TABLE {} IN EXCLUSIVE MODE", tables.join(", "))).await
}

/// Makes the present what the past is, within the transaction. Returns the number of rows.
pub(super) async fn restore(now: &mut PgConnection, past: &mut PgConnection, plan: &Plan) -> Result<u64> {
    past.execute("BEGIN; SET LOCAL search_path = ''; SET LOCAL row_security = off").await?;
    // Both sides of a copy write and read values in one form.
    for setting in plan.preamble() {
        let setting = setting.replacen("SET", "SET LOCAL", 1);
        run(past, setting.clone()).await?;
        run(now, setting).await?;
    }
    let tables = names(now, "c.relkind IN ('r', 'p')").await?;
    if !tables.is_empty() {
        run(now, format!("TRUNCATE {}", tables.join(", "))).await?;
    }
    for statement in plan.statements() {
        run(now, statement.sql.clone()).await?;
    }
    let keys = suspended_keys(now).await?;
    let triggers = suspended_triggers(now).await?;
    let mut rows = 0;
    for table in copied(past).await? {
        rows += copy(now, past, &table).await?;
    }
    for sql in keys.into_iter().chain(triggers) {
        run(now, sql).await?;
    }
    for sequence in names(past, "c.relkind = 'S'").await? {
        let (value, called): (i64, bool) =
            sqlx::query_as(AssertSqlSafe(format!("SELECT last_value, is_called FROM {sequence}")))
                .fetch_one(&mut *past)
                .await?;
        let set = sqlx::query("SELECT pg_catalog.setval($1::pg_catalog.regclass, $2, $3)");
        set.bind(&sequence).bind(value).bind(called).execute(&mut *now).await?;
    }
    for view in names(past, "c.relkind = 'm' AND c.relispopulated").await? {
        run(now, format!("REFRESH MATERIALIZED VIEW {view}")).await?;
    }
    past.execute("ROLLBACK").await?;
    Ok(rows)
}

pub(super) async fn commit(now: &mut PgConnection) -> Result<()> {
    now.execute("COMMIT").await?;
    Ok(())
}

async fn run(connection: &mut PgConnection, sql: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

/// The quoted names of relations, oldest first, so that a view comes after what it reads.
async fn names(connection: &mut PgConnection, which: &str) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE {which} AND {USER_RELATION} ORDER BY c.oid"
    );
    Ok(sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(connection).await?)
}

/// Drops the foreign keys, and returns the statements that create them.
async fn suspended_keys(now: &mut PgConnection) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT pg_catalog.format('ALTER TABLE %I.%I DROP CONSTRAINT %I', n.nspname, c.relname, k.conname),
                pg_catalog.format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', n.nspname, c.relname, k.conname,
                                  pg_catalog.pg_get_constraintdef(k.oid))
         FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE k.contype = 'f' AND k.conparentid = 0 AND {USER_RELATION}"
    );
    suspended(now, sql).await
}

/// Disables the triggers of users, and returns the statements that enable them as they were.
async fn suspended_triggers(now: &mut PgConnection) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT pg_catalog.format('ALTER TABLE %I.%I DISABLE TRIGGER %I', n.nspname, c.relname, t.tgname),
                pg_catalog.format('ALTER TABLE %I.%I ENABLE %s TRIGGER %I', n.nspname, c.relname,
                                  CASE t.tgenabled WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' ELSE '' END, t.tgname)
         FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND c.relkind IN ('r', 'p') AND {USER_RELATION}"
    );
    suspended(now, sql).await
}

async fn suspended(now: &mut PgConnection, sql: String) -> Result<Vec<String>> {
    let rows: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut *now).await?;
    let mut undo = Vec::new();
    for (suspend, resume) in rows {
        run(now, suspend).await?;
        undo.push(resume);
    }
    Ok(undo)
}

/// The tables with rows of their own, as `COPY` names them with their columns that are not generated.
async fn copied(past: &mut PgConnection) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname),
                pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum)
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_catalog.pg_attribute a
           ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
         WHERE c.relkind = 'r' AND {USER_RELATION} GROUP BY c.oid, n.nspname, c.relname ORDER BY c.oid"
    );
    let rows: Vec<PgRow> = sqlx::query(AssertSqlSafe(sql)).fetch_all(past).await?;
    rows.iter()
        .map(|row| {
            let (table, columns): (String, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
            Ok(format!("{table} ({})", columns.unwrap_or_default()))
        })
        .collect()
}

async fn copy(now: &mut PgConnection, past: &mut PgConnection, table: &str) -> Result<u64> {
    let mut rows = past.copy_out_raw(&format!("COPY {table} TO STDOUT")).await?;
    let mut target = now.copy_in_raw(&format!("COPY {table} FROM STDIN")).await?;
    while let Some(chunk) = rows.try_next().await? {
        target.send(chunk).await?;
    }
    Ok(target.finish().await?)
}
