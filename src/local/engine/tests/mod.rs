//! The engine against real PostgreSQL.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt};

use sqlx::Connection;
use tempfile::TempDir;

use super::*;

mod clone;
mod compute;
mod history;
mod moments;
mod planted;
mod retention;
mod spares;
mod standby;
mod writers;

use writers::Writers;

static SETTINGS: ComputeSettings =
    ComputeSettings { max_connections: 50, memory_bytes: 1 << 30, pg_settings: BTreeMap::new() };

/// A root that PostgreSQL's account can reach, removed with everything in it.
fn root() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

fn options(root: &TempDir, durability: Durability) -> EngineOptions {
    EngineOptions {
        root: root.path().join("lb"),
        pg_bin: std::env::var_os("LAKEBASE_PG_BIN").map(Into::into),
        pg_user: None,
        durability,
        progress: None,
        history_budget: None,
    }
}

async fn open(root: &TempDir) -> Engine {
    Engine::open(options(root, Durability::Fast)).await.unwrap()
}

fn key(branch: &str) -> BranchKey {
    BranchKey { project: "project-1".into(), branch: branch.into() }
}

/// An engine with the branch `main`, which runs and has a table `t (n int)` with one row.
async fn with_main(root: &TempDir) -> Engine {
    let engine = open(root).await;
    let version = engine.resolve_version(None).await.unwrap();
    engine.create_root(&key("main"), version).await.unwrap();
    engine.start(&key("main"), &SETTINGS).await.unwrap();
    run(&engine, "main", "CREATE TABLE t (n int)").await;
    run(&engine, "main", "INSERT INTO t VALUES (1)").await;
    engine
}

/// A superuser's session that finds the tables of the tests.
async fn admin(engine: &Engine, branch: &str) -> PgConnection {
    let mut session = engine.admin(&key(branch), "postgres").await.unwrap();
    sqlx::raw_sql("SET search_path = public").execute(&mut session).await.unwrap();
    session
}

async fn run(engine: &Engine, branch: &str, sql: &'static str) {
    let mut session = admin(engine, branch).await;
    sqlx::raw_sql(sql).execute(&mut session).await.unwrap();
    session.close().await.unwrap();
}

async fn number(engine: &Engine, branch: &str, sql: &'static str) -> i64 {
    let mut session = admin(engine, branch).await;
    let number = sqlx::query_scalar(sql).fetch_one(&mut session).await.unwrap();
    session.close().await.unwrap();
    number
}

fn branch_dir(root: &TempDir, branch: &str) -> PathBuf {
    root.path().join("lb/branches/project-1").join(branch)
}

fn lsn(text: &str) -> ForkPoint {
    ForkPoint::Lsn(text.parse::<crate::api::lsn::Lsn>().unwrap().0)
}

/// The end of what a branch has written.
async fn head(engine: &Engine, branch: &str) -> ForkPoint {
    let mut session = admin(engine, branch).await;
    let head: String =
        sqlx::query_scalar("SELECT pg_current_wal_lsn()::text").fetch_one(&mut session).await.unwrap();
    session.close().await.unwrap();
    lsn(&head)
}

/// Kills the postmaster of a branch, and waits until that is noticed.
async fn kill(engine: &Engine, root: &TempDir, branch: &str) {
    rustix::process::kill_process(postmaster(root, branch), rustix::process::Signal::KILL).unwrap();
    let noticed = async {
        while engine.running(&key(branch)).is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), noticed).await.expect("the end of a server is noticed");
}

/// Where the postmaster's own file says it is.
fn postmaster(root: &TempDir, branch: &str) -> rustix::process::Pid {
    let file = branch_dir(root, branch).join("data/postmaster.pid");
    let text = std::fs::read_to_string(file).unwrap();
    rustix::process::Pid::from_raw(text.lines().next().unwrap().parse().unwrap()).unwrap()
}

#[tokio::test]
async fn a_fork_has_the_rows_of_its_source_and_then_goes_its_own_way() {
    let root = root();
    let engine = with_main(&root).await;
    let fork = engine.fork(&key("main"), &key("dev")).await.unwrap();
    assert!(fork.lsn.contains('/'));
    engine.start(&key("dev"), &SETTINGS).await.unwrap();
    run(&engine, "dev", "INSERT INTO t VALUES (2), (3)").await;
    run(&engine, "main", "DELETE FROM t").await;
    assert_eq!(number(&engine, "dev", "SELECT count(*) FROM t").await, 3);
    assert_eq!(number(&engine, "main", "SELECT count(*) FROM t").await, 0);
    engine.shutdown().await;
}

#[tokio::test]
async fn a_stopped_source_is_forked_as_it_was_left() {
    let root = root();
    let engine = with_main(&root).await;
    engine.stop(&key("main")).await.unwrap();
    assert!(engine.running(&key("main")).is_none());
    engine.fork(&key("main"), &key("dev")).await.unwrap();
    engine.start(&key("dev"), &SETTINGS).await.unwrap();
    assert_eq!(number(&engine, "dev", "SELECT count(*) FROM t").await, 1);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_under_load_has_every_transaction_committed_before_the_call_and_none_half() {
    let root = root();
    let engine = with_main(&root).await;
    let writers = Writers::start(&engine, "SELECT 1").await;
    for round in 0..3 {
        let branch = format!("dev-{round}");
        let before = writers.when_each_has(20 * (round + 1)).await;
        engine.fork(&key("main"), &key(&branch)).await.unwrap();
        engine.start(&key(&branch), &SETTINGS).await.unwrap();
        let mut session = admin(&engine, &branch).await;
        for (writer, before) in before.iter().enumerate() {
            let (rows, last): (i64, i64) =
                sqlx::query_as("SELECT count(*), coalesce(max(n), 0)::bigint FROM pairs WHERE writer = $1")
                    .bind(i32::try_from(writer).unwrap())
                    .fetch_one(&mut session)
                    .await
                    .unwrap();
            assert!(last >= *before, "writer {writer} had committed {before}, the fork has {last}");
            assert_eq!(rows, 2 * last, "all transactions up to the last are there, and whole");
        }
        session.close().await.unwrap();
    }
    writers.stop().await;
    engine.shutdown().await;
}

#[tokio::test]
async fn a_killed_compute_is_noticed_and_starts_again_with_what_was_committed() {
    let root = root();
    let engine = with_main(&root).await;
    kill(&engine, &root, "main").await;
    engine.fork(&key("main"), &key("dev")).await.unwrap();
    for branch in ["main", "dev"] {
        engine.start(&key(branch), &SETTINGS).await.unwrap();
        assert_eq!(number(&engine, branch, "SELECT count(*) FROM t").await, 1, "{branch}");
    }
    engine.shutdown().await;
}

#[tokio::test]
async fn starting_twice_at_once_gives_one_server() {
    let root = root();
    let engine = with_main(&root).await;
    engine.fork(&key("main"), &key("dev")).await.unwrap();
    let dev = key("dev");
    let (first, second) = tokio::join!(engine.start(&dev, &SETTINGS), engine.start(&dev, &SETTINGS));
    assert_eq!(first.unwrap().path(), second.unwrap().path());
    engine.shutdown().await;
}

#[tokio::test]
async fn a_removed_branch_is_gone_with_its_compute() {
    let root = root();
    let engine = with_main(&root).await;
    let pid = postmaster(&root, "main");
    engine.remove(&key("main")).await.unwrap();
    assert!(rustix::process::test_kill_process(pid).is_err());
    assert_eq!(
        std::fs::read_dir(root.path().join("lb/run")).unwrap().count(),
        0,
        "nothing of its socket stays"
    );
    assert!(!engine.exists(&key("main")).await);
    assert_eq!(engine.branches().await.unwrap(), []);
    let again = engine.remove(&key("main")).await;
    assert!(matches!(again, Err(EngineError::NotFound { .. })));
    assert!(matches!(engine.start(&key("main"), &SETTINGS).await, Err(EngineError::NotFound { .. })));
    engine.shutdown().await;
}

#[tokio::test]
async fn what_is_committed_outlives_a_shutdown() {
    let root = root();
    let engine = with_main(&root).await;
    engine.shutdown().await;
    assert!(engine.start(&key("main"), &SETTINGS).await.is_err(), "closed is closed");
    drop(engine);
    let engine = open(&root).await;
    assert_eq!(engine.branches().await.unwrap(), [key("main")]);
    engine.start(&key("main"), &SETTINGS).await.unwrap();
    assert_eq!(number(&engine, "main", "SELECT count(*) FROM t").await, 1);
    assert!(engine.logical_size(&key("main")).await.unwrap() > 1_000_000);
    engine.shutdown().await;
}

#[tokio::test]
async fn a_server_that_a_former_engine_left_is_ended_at_the_start() {
    let root = root();
    let engine = with_main(&root).await;
    // Without its parent's thread ending, which `forget` prevents, the server would outlive the engine.
    let pid = postmaster(&root, "main");
    std::mem::forget(engine);
    let engine = open(&root).await;
    assert!(engine.running(&key("main")).is_none());
    while rustix::process::test_kill_process(pid).is_ok() {
        tokio::task::yield_now().await;
    }
    engine.start(&key("main"), &SETTINGS).await.unwrap();
    assert_eq!(number(&engine, "main", "SELECT count(*) FROM t").await, 1);
    engine.shutdown().await;
}

#[tokio::test]
async fn dropping_the_engine_ends_its_servers() {
    let root = root();
    let engine = with_main(&root).await;
    let pid = postmaster(&root, "main");
    drop(engine);
    while rustix::process::test_kill_process(pid).is_ok() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_setting_that_postgres_refuses_fails_the_start_with_its_words() {
    let root = root();
    let engine = with_main(&root).await;
    engine.stop(&key("main")).await.unwrap();
    let mut settings = SETTINGS.clone();
    settings.pg_settings.insert("work_mem".into(), "plenty".into());
    let error = engine.start(&key("main"), &settings).await.unwrap_err();
    assert!(matches!(&error, EngineError::ComputeFailed { log, .. } if log.contains("work_mem")), "{error}");
    engine.start(&key("main"), &SETTINGS).await.unwrap();
    engine.shutdown().await;
}

#[tokio::test]
async fn a_key_that_leaves_the_root_is_refused() {
    let root = root();
    let engine = open(&root).await;
    let bad = BranchKey { project: "..".into(), branch: "x".into() };
    assert!(!engine.exists(&bad).await);
    assert!(matches!(engine.remove(&bad).await, Err(EngineError::BadKey { .. })));
    assert!(matches!(engine.fork(&key("none"), &key("dev")).await, Err(EngineError::NotFound { .. })));
}

#[tokio::test]
async fn the_longest_root_has_its_sockets_elsewhere() {
    let outer = root();
    let mut options = options(&outer, Durability::Full);
    options.root = outer.path().join("deep".repeat(30));
    let engine = Engine::open(options).await.unwrap();
    let version = engine.resolve_version(None).await.unwrap();
    engine.create_root(&key("main"), version).await.unwrap();
    let socket = engine.start(&key("main"), &SETTINGS).await.unwrap().path().to_owned();
    assert!(!socket.starts_with(outer.path()));
    assert_eq!(number(&engine, "main", "SELECT 1::bigint").await, 1);
    engine.shutdown().await;
    drop(engine);
    assert!(!socket.parent().unwrap().parent().unwrap().exists(), "nothing is left behind");
}

/// Prints what a fork takes, with little and with much history behind the source.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn the_time_of_a_fork() {
    let root = root();
    let engine = with_main(&root).await;
    for megabytes in [0, 200, 800] {
        while number(&engine, "main", "SELECT (pg_current_wal_lsn() - '0/0')::bigint >> 20").await < megabytes
        {
            run(&engine, "main", "CREATE TABLE junk AS SELECT repeat('x', 1000) FROM generate_series(1, 20000); DROP TABLE junk").await;
        }
        let mut times = Vec::new();
        for round in 0..15 {
            let branch = format!("dev-{megabytes}-{round}");
            let begun = std::time::Instant::now();
            engine.fork(&key("main"), &key(&branch)).await.unwrap();
            times.push(begun.elapsed());
            engine.remove(&key(&branch)).await.unwrap();
        }
        times.sort();
        eprintln!("{megabytes} MB of WAL: fork {:?} (fastest {:?})", times[7], times[0]);
    }
    engine.shutdown().await;
}

#[tokio::test]
async fn a_stopped_postmaster_is_told_and_not_waited_for() {
    let root = root();
    let engine = with_main(&root).await;
    let postmaster = postmaster(&root, "main");
    rustix::process::kill_process(postmaster, rustix::process::Signal::STOP).unwrap();
    for error in [
        engine.admin(&key("main"), "postgres").await.err(),
        engine.fork(&key("main"), &key("dev")).await.err(),
    ] {
        assert!(matches!(error, Some(EngineError::Unresponsive { .. })), "{error:?}");
    }
    // A removal asks nothing of PostgreSQL.
    engine.remove(&key("main")).await.unwrap();
    engine.shutdown().await;
}
