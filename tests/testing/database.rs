//! A database for each test.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use lakebase::{
    Branch,
    testing::{self, SetUpError, TestDatabase},
};
use sqlx::{Executor as _, PgConnection};

static SET_UPS: AtomicUsize = AtomicUsize::new(0);

async fn set_up(branch: Branch) -> Result<(), SetUpError> {
    SET_UPS.fetch_add(1, Ordering::SeqCst);
    // This pool stays open, which must not keep its database from being copied.
    let pool = branch.pool().await?;
    pool.execute("create schema \"a schema\"; create table \"a schema\".t (a int); insert into \"a schema\".t values (1), (2)")
        .await?;
    pool.execute("alter database databricks_postgres set search_path to \"a schema\", public").await?;
    pool.execute("alter database databricks_postgres set application_name to 'it''s, mine'").await?;
    std::mem::forget(pool);
    Ok(())
}

async fn fresh() -> TestDatabase {
    testing::database("databases", set_up).await.unwrap()
}

async fn rows(connection: &mut PgConnection) -> i64 {
    sqlx::query_scalar("select count(*) from t").fetch_one(connection).await.unwrap()
}

/// Waits until a database is dropped.
async fn wait_until_gone(name: &str, other: &TestDatabase) {
    let mut connection = other.connect().await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let found = sqlx::query("select from pg_database where datname = $1").bind(name);
        if found.fetch_optional(&mut connection).await.unwrap().is_none() {
            return;
        }
        assert!(Instant::now() < deadline, "{name} is still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn every_test_has_a_database_of_its_own_with_all_data_and_settings() {
    let (one, other) = tokio::join!(fresh(), fresh());
    assert_ne!(one.name(), other.name());
    one.connect().await.unwrap().execute("delete from t").await.unwrap();
    let mut connection = other.connect().await.unwrap();
    assert_eq!(rows(&mut connection).await, 2);
    let settings = "select current_setting('search_path'), current_setting('application_name'), current_database()::text";
    let settings: (String, String, String) =
        sqlx::query_as(settings).fetch_one(&mut connection).await.unwrap();
    assert_eq!(
        settings,
        ("\"a schema\", public".to_owned(), "it's, mine".to_owned(), other.name().to_owned())
    );
    one.close().await.unwrap();
    other.close().await.unwrap();
}

#[tokio::test]
async fn a_database_goes_when_it_is_closed_or_dropped_with_the_sessions_in_it() {
    let (closed, dropped, other) = (fresh().await, fresh().await, fresh().await);
    let names = [closed.name().to_owned(), dropped.name().to_owned()];
    let pool = closed.pool().await.unwrap();
    let mut session = dropped.connect().await.unwrap();
    closed.close().await.unwrap();
    drop(dropped);
    for name in &names {
        wait_until_gone(name, &other).await;
    }
    session.execute("select 1").await.unwrap_err();
    pool.execute("select 1").await.unwrap_err();
    other.close().await.unwrap();
}

#[tokio::test]
async fn branches_and_databases_have_one_set_up() {
    let (branch, database) = tokio::join!(testing::branch("databases", set_up), fresh());
    let mut connection = branch.as_ref().unwrap().connect().await.unwrap();
    assert_eq!(rows(&mut connection).await, 2);
    assert_eq!(rows(&mut database.connect().await.unwrap()).await, 2);
    assert_eq!(SET_UPS.load(Ordering::SeqCst), 1);
    branch.unwrap().close().await.unwrap();
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_set_up_may_make_its_database_or_its_role_read_only() {
    for (project, read_only) in [
        ("database-read-only", "alter database databricks_postgres set default_transaction_read_only = on"),
        ("role-read-only", "alter role current_user set default_transaction_read_only = on"),
    ] {
        let made = async || {
            let set_up = async |branch: Branch| -> Result<(), SetUpError> {
                let mut connection = branch.connect().await?;
                connection.execute("create table t (a int); insert into t values (1), (2)").await?;
                connection.execute(read_only).await?;
                Ok(())
            };
            testing::database(project, set_up).await.unwrap_or_else(|error| panic!("{project}: {error:?}"))
        };
        let (one, other) = (made().await, made().await);
        let mut connection = one.connect().await.unwrap();
        assert_eq!(rows(&mut connection).await, 2);
        let refused = connection.execute("delete from t").await.unwrap_err();
        assert!(refused.to_string().contains("read-only transaction"), "{refused}");
        let name = one.name().to_owned();
        one.close().await.unwrap();
        wait_until_gone(&name, &other).await;
        other.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_failed_set_up_is_said_and_may_be_tried_again() {
    let error = testing::database("database-fails", async |_| Err("no luck".into())).await.unwrap_err();
    assert!(error.to_string().contains("the set-up failed: no luck"), "{error}");
    testing::database("database-fails", async |_| Ok(())).await.unwrap().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tests_get_their_databases_at_once() {
    let one = async || {
        let database = fresh().await;
        let mut connection = database.connect().await.unwrap();
        assert_eq!(rows(&mut connection).await, 2);
        connection.execute("insert into t values (3)").await.unwrap();
        database.close().await.unwrap();
    };
    let tasks: Vec<_> = (0..100).map(|_| tokio::spawn(one())).collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Each test has a runtime of its own; the databases are made on one that outlives them.
#[test]
fn a_database_that_was_made_for_one_runtime_is_used_on_another() {
    for _ in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let database = fresh().await;
            assert_eq!(rows(&mut database.connect().await.unwrap()).await, 2);
            database.close().await.unwrap();
        });
    }
}
