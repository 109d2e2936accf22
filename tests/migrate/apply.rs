use std::time::{Duration, Instant};

use lakebase::{
    ErrorKind,
    migrate::{self, ApplyOptions, ApplyReport, Failure, Migration, Migrations, Outcome},
};
use sqlx::{AssertSqlSafe, Executor, PgConnection, migrate::Migrator};

use crate::support::postgres::Database;

async fn apply(conn: &mut PgConnection, sql: &str) -> lakebase::Result<ApplyReport> {
    migrate::apply(conn, &Migration::new("m", sql), &quick()).await
}

fn quick() -> ApplyOptions {
    ApplyOptions::default()
        .lock_timeout(Duration::from_millis(50))
        .attempts(2)
        .wait_for_others(Duration::ZERO)
}

async fn count(conn: &mut PgConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(conn).await.unwrap()
}

async fn exists(conn: &mut PgConnection, relation: &str) -> bool {
    sqlx::query_scalar("select to_regclass($1) is not null").bind(relation).fetch_one(conn).await.unwrap()
}

#[tokio::test]
async fn a_migration_is_applied_once_and_says_what_it_did() {
    let database = Database::new().await;
    let mut conn = database.connect().await;
    let sql = "create table t (a int); -- one\ninsert into t select generate_series(1, 7);\nupdate t set a = 0 where a < 3";
    let report = apply(&mut conn, sql).await.unwrap();
    let migration = &report.migrations[0];
    assert_eq!(migration.outcome, Outcome::Applied);
    assert_eq!(migration.statements.iter().map(|s| s.rows).collect::<Vec<_>>(), [0, 7, 2]);
    assert_eq!(migration.statements.iter().map(|s| s.line).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(report.to_string().contains("insert into t select"), "{report}");
    assert!(report.markdown().contains("| 2 | insert into t"), "{}", report.markdown());
    assert!(serde_json::to_value(&report).unwrap()["migrations"][0]["duration_ms"].is_number());

    let again = apply(&mut conn, sql).await.unwrap();
    assert!(again.is_unchanged());
    assert_eq!(count(&mut conn, "select count(*) from t").await, 7);
}

#[tokio::test]
async fn a_changed_text_is_refused() {
    let database = Database::new().await;
    let mut conn = database.connect().await;
    apply(&mut conn, "create table t (a int)").await.unwrap();
    let error = apply(&mut conn, "create table t (a bigint)").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("applied before with another text"), "{error}");
}

#[tokio::test]
async fn a_failure_names_statement_place_message_detail_and_hint_and_leaves_nothing() {
    let database = Database::new().await;
    let mut conn = database.connect().await;
    let sql =
        "create table t (a int primary key);\ninsert into t values (1);\n\ninsert into t\n  values (1);";
    let error = apply(&mut conn, sql).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Database);
    assert_eq!(error.sqlstate().as_deref(), Some("23505"));
    let text = error.to_string();
    for part in [
        "statement 3",
        "line 4, column 1",
        "duplicate key",
        "detail: Key (a)=(1)",
        "values (1)",
        "nothing of it",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!exists(&mut conn, "t").await);

    let error = apply(&mut conn, "select 1;\n select ü, 'ü', nmae from (select 1 as name, 2 as ü) x")
        .await
        .unwrap_err();
    let failure = Failure::of(&error).unwrap();
    assert_eq!((failure.line, failure.column), (2, 17), "{error}");
    assert_eq!(failure.outcome, Outcome::Nothing);
    assert!(failure.hint.as_deref().unwrap_or_default().contains("name"), "{error}");
}

#[tokio::test]
async fn statements_that_refuse_a_transaction_run_between_transactions() {
    let database = Database::new().await;
    let mut conn = database.connect().await;
    let sql =
        "create table t (a int); create index concurrently i on t (a); insert into t values (1); vacuum t;
        create type mood as enum ('bad'); alter type mood add value 'ok';
        create table moods (m mood default 'ok'); insert into moods default values";
    let report = apply(&mut conn, sql).await.unwrap();
    let alone: Vec<bool> = report.migrations[0].statements.iter().map(|s| s.transactional).collect();
    assert_eq!(alone, [true, false, true, false, true, true, true, true]);
    assert!(apply(&mut conn, sql).await.unwrap().is_unchanged());
}

#[tokio::test]
async fn an_invalid_index_left_behind_is_named_and_the_rest_can_be_resumed() {
    let database = Database::new().await;
    let mut conn = database.connect().await;
    let sql = "create table t (a int); insert into t values (1), (1); create unique index concurrently i on t (a); \
               create table after (a int)";
    let error = apply(&mut conn, sql).await.unwrap_err();
    let failure = Failure::of(&error).unwrap();
    assert_eq!(failure.invalid_indexes, ["public.i"]);
    assert_eq!(failure.outcome, Outcome::Partial { done: 2, of: 4 });
    assert_eq!(failure.report.migrations[0].statements.len(), 2);
    assert!(error.to_string().contains("invalid index public.i"), "{error}");

    let refused = apply(&mut conn, sql).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Refused);
    assert!(refused.to_string().contains("after 2 of 4 statements"), "{refused}");

    conn.execute("drop index i; delete from t").await.unwrap();
    let report = migrate::apply(&mut conn, &Migration::new("m", sql), &quick().resume(true)).await.unwrap();
    assert_eq!(report.migrations[0].statements.len(), 2);
    assert!(exists(&mut conn, "after").await);
}

#[tokio::test]
async fn a_lock_that_is_held_too_long_ends_in_an_error_and_one_that_is_released_does_not() {
    let database = Database::new().await;
    let (mut conn, mut other) = (database.connect().await, database.connect().await);
    conn.execute("create table t (a int)").await.unwrap();
    other.execute("begin; select * from t").await.unwrap();
    let error = apply(&mut conn, "create table u (a int); alter table t add b int").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.to_string().contains("another session holds a lock"), "{error}");
    assert!(!exists(&mut conn, "u").await);

    let patient = quick().attempts(50);
    let migration = Migration::new("m", "create table u (a int); alter table t add b int");
    let waiting = migrate::apply(&mut conn, &migration, &patient);
    let releasing = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        other.execute("commit").await.unwrap();
    };
    let (report, ()) = tokio::join!(waiting, releasing);
    assert!(report.unwrap().migrations[0].statements[1].attempts > 1);
    let timeout: String = sqlx::query_scalar("show lock_timeout").fetch_one(&mut conn).await.unwrap();
    assert_eq!(timeout, "0", "the session's own setting is back");
}

#[tokio::test]
async fn two_callers_at_once_apply_a_migration_once() {
    let database = Database::new().await;
    let migration =
        Migration::new("m", "create table t (a int); select pg_sleep(0.2); insert into t values (1)");
    let options = quick().wait_for_others(Duration::from_secs(20));
    let (mut one, mut two) = (database.connect().await, database.connect().await);
    let (a, b) = tokio::join!(
        migrate::apply(&mut one, &migration, &options),
        migrate::apply(&mut two, &migration, &options)
    );
    assert_ne!(a.unwrap().is_unchanged(), b.unwrap().is_unchanged());
    assert_eq!(count(&mut one, "select count(*) from t").await, 1);

    let slow = Migration::new("slow", "select pg_sleep(0.3)");
    let options = quick();
    let late = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        migrate::apply(&mut two, &slow, &options).await
    };
    let (first, second) = tokio::join!(migrate::apply(&mut one, &slow, &options), late);
    first.unwrap();
    let error = second.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.to_string().contains("by session"), "{error}");
}

#[tokio::test]
async fn a_concurrent_index_is_not_held_up_by_those_who_wait_for_the_lock() {
    let database = Database::new().await;
    let migration = Migration::new(
        "m",
        "create table t (a int); select pg_sleep(0.1); create index concurrently i on t (a)",
    );
    let options = quick().wait_for_others(Duration::from_secs(20));
    let (mut one, mut two) = (database.connect().await, database.connect().await);
    let (a, b) = tokio::join!(
        migrate::apply(&mut one, &migration, &options),
        migrate::apply(&mut two, &migration, &options)
    );
    assert_ne!(a.unwrap().is_unchanged(), b.unwrap().is_unchanged());
}

#[tokio::test]
async fn a_connection_lost_in_a_transaction_leaves_nothing_and_says_so() {
    let database = Database::new().await;
    let mut conn = database.connect().await;
    let error = apply(&mut conn, "create table t (a int); select pg_terminate_backend(pg_backend_pid())")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert_eq!(Failure::of(&error).unwrap().outcome, Outcome::Nothing);
    assert!(!exists(&mut database.connect().await, "t").await);
}

#[tokio::test]
async fn a_connection_lost_outside_a_transaction_says_what_is_certain_and_what_is_not() {
    let database = Database::new().await;
    let mut conn = database.connect().await;
    let sql = "-- no-transaction\ncreate table t (a int);\nselect pg_terminate_backend(pg_backend_pid());\nselect 1";
    let error = apply(&mut conn, sql).await.unwrap_err();
    assert_eq!(Failure::of(&error).unwrap().outcome, Outcome::Unknown { done: 1, maybe: 1, of: 3 });
    assert!(error.to_string().contains("it is unknown whether"), "{error}");
    let mut conn = database.connect().await;
    assert!(exists(&mut conn, "t").await);
    assert!(apply(&mut conn, sql).await.unwrap_err().to_string().contains("after 1 of 3"));
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_lock_and_nothing_half_applied() {
    let database = Database::new().await;
    let mut conn = database.connect().await;
    let migration = Migration::new("m", "create table t (a int); select pg_sleep(60)");
    let started = Instant::now();
    let cancelled =
        tokio::time::timeout(Duration::from_millis(200), migrate::apply(&mut conn, &migration, &quick()))
            .await;
    assert!(cancelled.is_err());
    drop(conn);
    let mut conn = database.connect().await;
    let options = quick().wait_for_others(Duration::from_secs(20));
    migrate::apply(&mut conn, &Migration::new("next", "create table u (a int)"), &options).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(!exists(&mut conn, "t").await);
}

#[tokio::test]
async fn bad_input_is_refused_before_anything_is_sent() {
    let database = Database::new().await;
    let mut conn = database.connect().await;
    for sql in [
        "",
        "begin; select 1; commit",
        "create table t (a int);\n\\dt",
        "copy t from stdin;\n1\n\\.",
        "select $x$",
    ] {
        let migrations: Migrations =
            [Migration::new("first", "create table made (a int)"), Migration::new("bad", sql)].into();
        let error = migrate::apply(&mut conn, migrations, &quick()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{sql}");
        assert!(error.to_string().contains("'bad'"), "{error}");
    }
    assert!(!exists(&mut conn, "made").await);
    assert_eq!(count(&mut conn, "select count(*) from pg_namespace where nspname = '_lakebase'").await, 0);
}

#[tokio::test]
async fn postgresql_cuts_the_text_where_we_do() {
    let database = Database::new().await;
    let mut conn = database.connect().await;
    let sql = r#"
        /* a /* nested; */ comment; */
        create function f(a int) returns text language sql begin atomic
            select case when a > 0 then 'x;' else 'y' end; end;
        create function g() returns text language plpgsql as $body$ begin return $$;$$ || E'\';'; end; $body$;
        create table "odd;name" ("col;" text default ';');
        create rule r as on insert to "odd;name" do also (select 1; select 2);
        select U&'\0041;', E'it\'s;', 'a'
            'b;', B'1';
        do $$ begin perform f(1); end $$;
    "#;
    let report = apply(&mut conn, sql).await.unwrap();
    assert_eq!(report.migrations[0].statements.len(), 6);
    assert_eq!(count(&mut conn, "select length(g())::bigint").await, 3);
}

#[tokio::test]
async fn a_statement_that_was_not_recognised_comes_with_the_remedy() {
    let database = Database::new().await;
    let mut conn = database.connect().await;
    conn.execute(
        "create table p (a int) partition by range (a); create index pi on p (a);
        create procedure twice() language plpgsql as 'begin commit; end'",
    )
    .await
    .unwrap();
    for sql in ["select 1; reindex index pi", "select 1; call twice()"] {
        let error = migrate::apply(&mut conn, &Migration::new(sql, sql), &quick()).await.unwrap_err();
        assert!(error.to_string().contains("-- no-transaction"), "{error}");
        let alone = format!("-- no-transaction\n{sql}");
        migrate::apply(&mut conn, &Migration::new(alone.replace('\n', " "), &alone), &quick()).await.unwrap();
    }
}

#[tokio::test]
async fn a_migrator_is_recorded_where_sqlx_looks() {
    let database = Database::new().await;
    let mut conn = database.connect().await;
    let files = tempfile::tempdir().unwrap();
    for (name, sql) in [
        ("1_a.sql", "create table a (a int)"),
        ("2_b.up.sql", "-- no-transaction\ncreate index concurrently i on a (a)"),
        ("2_b.down.sql", "drop index i"),
    ] {
        std::fs::write(files.path().join(name), sql).unwrap();
    }
    let migrator = Migrator::new(files.path()).await.unwrap();
    let report = migrate::apply(&mut conn, &migrator, &quick()).await.unwrap();
    assert_eq!(
        report.migrations[0].description.as_deref(),
        Some(migrator.iter().next().unwrap().description.as_ref())
    );
    assert!(report.to_string().starts_with("1 "), "{report}");
    assert_eq!(report.migrations.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    // sqlx itself finds nothing left to do, and what sqlx did is known here.
    migrator.run(&mut conn).await.unwrap();
    assert!(migrate::apply(&mut conn, &migrator, &quick()).await.unwrap().is_unchanged());
    std::fs::write(files.path().join("3_c.sql"), "create table c (a int)").unwrap();
    let more = Migrator::new(files.path()).await.unwrap();
    more.run(&mut conn).await.unwrap();
    assert!(migrate::apply(&mut conn, &more, &quick()).await.unwrap().is_unchanged());
    let missing = migrate::apply(&mut conn, &migrator, &quick()).await.unwrap_err();
    assert!(missing.to_string().contains("version 3"), "{missing}");
}

#[tokio::test]
async fn a_migration_that_changes_the_search_path_is_still_recorded() {
    let database = Database::new().await;
    let mut conn = database.connect().await;
    apply(&mut conn, "create table t (a int); select set_config('search_path', '', false); reset all")
        .await
        .unwrap();
    let row: (i32, i32) = sqlx::query_as(AssertSqlSafe("select statements, done from _lakebase.migrations"))
        .fetch_one(&mut conn)
        .await
        .unwrap();
    assert_eq!(row, (3, 3));
}
