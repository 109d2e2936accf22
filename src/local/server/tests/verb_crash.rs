//! A server that is killed while a client resets or restores a branch, and the start after it.
//!
//! The verbs are several calls each. Server and client are one process here, a second copy of this test program, so
//! that both end.

use std::{
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::{AssertSqlSafe, Connection as _};
use tempfile::TempDir;

use super::{
    Fixture, builder_in,
    crash::{directories, restart, stop},
    temp_dir,
};
use crate::{
    Branch, Expiry, Lakebase,
    local::control::arm_failpoint,
    model::{BranchInfo, EndpointType},
};

const DIR: &str = "LAKEBASE_CRASH_DIR";
const POINT: &str = "LAKEBASE_CRASH_POINT";
/// The time to restore to; a reset where there is none.
const TIME: &str = "LAKEBASE_CRASH_TIME";
const MAIN: &str = "projects/shop/branches/production";
const DEV: &str = "projects/shop/branches/dev";
const DATABASES: [&str; 2] = ["databricks_postgres", "other"];

/// The second process: resets or restores until it reaches the point, or is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of the test that kills it"]
async fn victim() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let fixture = Fixture::of(builder_in(Path::new(&dir)).start().await.unwrap(), temp_dir());
    fixture.connect(MAIN).await.unwrap();
    let lakebase = fixture.local.client().await.unwrap();
    if let Ok(point) = std::env::var(POINT) {
        arm_failpoint(&point);
    }
    std::fs::write(Path::new(&dir).join("ready"), "").unwrap();
    match std::env::var(TIME) {
        Ok(time) => {
            let restored =
                lakebase.branch(MAIN).unwrap().restore_to(time.parse().unwrap()).keep_as("kept").await;
            drop(restored.unwrap());
            std::fs::write(Path::new(&dir).join("restored"), "").unwrap();
        }
        Err(_) => drop(lakebase.branch(DEV).unwrap().reset().await.unwrap()),
    }
    // A kill at a random moment may come after the end.
    assert!(std::env::var(POINT).is_err(), "the point was not reached");
    tokio::time::sleep(Duration::from_secs(60)).await;
}

fn start_victim(dir: &TempDir, point: Option<&str>, time: Option<DateTime<Utc>>) -> std::process::Child {
    let _ = std::fs::remove_file(dir.path().join("ready"));
    let mut victim = Command::new(std::env::current_exe().unwrap());
    victim.args(["--exact", "local::server::tests::verb_crash::victim", "--ignored", "--nocapture"]);
    victim.env(DIR, dir.path()).env("TMPDIR", dir.path());
    point.map(|point| victim.env(POINT, point));
    time.map(|time| victim.env(TIME, time.to_rfc3339_opts(SecondsFormat::Micros, true)));
    victim.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn assert_killed(victim: std::process::Child, when: &str) {
    let output = victim.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(9), "{when}: {}", String::from_utf8_lossy(&output.stderr));
}

async fn run(branch: &Branch, database: &str, sql: &str) {
    let mut session = branch.connect().database(database).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut session).await.unwrap();
    session.close().await.unwrap();
}

/// The names of the tables and the number of items.
async fn contents(branch: &Branch, database: &str) -> String {
    let mut session = branch.connect().database(database).await.unwrap();
    let sql = "SELECT (SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'public')
                      || ' ' || (SELECT count(*) FROM item)";
    let found = sqlx::query_scalar(sql).fetch_one(&mut session).await.unwrap();
    session.close().await.unwrap();
    found
}

/// All branches, those that were deleted too; there are as many directories.
async fn all(fixture: &Fixture, lakebase: &Lakebase, when: &str) -> Vec<BranchInfo> {
    let all = lakebase.project("shop").unwrap().branches().show_deleted().await.unwrap();
    assert_eq!(directories(fixture), all.len(), "{when}: {all:?}");
    all
}

/// Gives `dev` a table of its own, a read-only endpoint and settings, so that a reset takes all its steps.
async fn change(lakebase: &Lakebase) {
    let dev = lakebase.branch(DEV).unwrap();
    run(&dev, DATABASES[0], "CREATE TABLE own ()").await;
    let endpoint = dev.endpoint("primary").unwrap();
    endpoint.update().pg_settings([("work_mem", "7MB")]).await.unwrap();
    if dev.endpoint("replica").unwrap().try_get().await.unwrap().is_none() {
        dev.create_endpoint("replica", EndpointType::ReadOnly).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_that_is_killed_leaves_the_old_branch_or_the_new_one_and_can_be_finished() {
    let mut fixture = Fixture::start().await;
    fixture.project("shop").await;
    let mut lakebase = fixture.local.client().await.unwrap();
    run(&lakebase.branch(MAIN).unwrap(), DATABASES[0], "CREATE TABLE item AS SELECT 1 AS n").await;
    lakebase.branch(MAIN).unwrap().create_branch("dev", Expiry::Never).await.unwrap();
    for point in [
        "delete-branch.row",
        "create-branch.files",
        "create-branch.started",
        "change-endpoint.restarted",
        "create-endpoint.started",
    ] {
        change(&lakebase).await;
        let dir = stop(fixture).await;
        assert_killed(start_victim(&dir, Some(point), None), point);
        fixture = restart(dir).await;
        lakebase = fixture.local.client().await.unwrap();
        let dev = lakebase.branch(DEV).unwrap();
        let before = all(&fixture, &lakebase, point).await;
        match dev.try_get().await.unwrap() {
            Some(_) => {
                assert!(point.contains("endpoint"), "{point}: there is a branch");
                assert_eq!(contents(&dev, DATABASES[0]).await, "item 1", "{point}");
                let deleted =
                    before.iter().any(|branch| branch.name.to_string() == DEV && branch.is_deleted());
                assert!(deleted, "{point}: the old state is kept");
            }
            None => {
                assert!(!point.contains("endpoint"), "{point}: there is no branch");
                if point == "create-branch.files" {
                    dev.undelete().await.unwrap();
                    assert_eq!(contents(&dev, DATABASES[0]).await, "item own 1", "{point}");
                }
            }
        }
        // Another one finishes.
        dev.reset().await.unwrap();
        assert_eq!(contents(&dev, DATABASES[0]).await, "item 1", "{point}");
    }
    fixture.local.shutdown().await;
}

/// The contents of the databases in the past and now.
const PAST: &str = "item 1000";
const NOW: &str = "item late 2000";

async fn add(lakebase: &Lakebase) {
    for database in DATABASES {
        let main = lakebase.branch(MAIN).unwrap();
        run(&main, database, "CREATE TABLE late (); INSERT INTO item SELECT generate_series(1, 1000)").await;
    }
}

/// A branch with two databases, a moment of its past, and what came later.
async fn with_a_past() -> (TempDir, DateTime<Utc>) {
    let fixture = Fixture::start().await;
    fixture.project("shop").await;
    let lakebase = fixture.local.client().await.unwrap();
    let main = lakebase.branch(MAIN).unwrap();
    let owner = main.roles().await.unwrap().remove(0);
    main.create_database("other", &owner.name).id("other").await.unwrap();
    for database in DATABASES {
        run(&main, database, "CREATE TABLE item AS SELECT generate_series(1, 1000) AS n").await;
    }
    let time = Utc::now();
    add(&lakebase).await;
    (stop(fixture).await, time)
}

/// The server that was started after a kill: each database is what it was or what it was to become, and nothing is lost.
/// Another restore finishes; what came later is made again.
async fn look_after(dir: TempDir, time: DateTime<Utc>, when: &str) -> TempDir {
    let fixture = restart(dir).await;
    let lakebase = fixture.local.client().await.unwrap();
    let main = lakebase.branch(MAIN).unwrap();
    let branches = all(&fixture, &lakebase, when).await;
    let kept = branches.iter().find(|branch| branch.id().as_str() == "kept");
    for database in DATABASES {
        let found = contents(&main, database).await;
        assert!(found == NOW || (found == PAST && kept.is_some()), "{when}: {database} has {found}");
        if let Some(kept) = kept {
            assert_eq!(contents(kept.handle(), database).await, NOW, "{when}: kept {database}");
        }
    }
    if std::fs::remove_file(fixture.dir.path().join("restored")).is_ok() {
        assert!(kept.is_some(), "{when}");
        for database in DATABASES {
            assert_eq!(contents(&main, database).await, PAST, "{when}: acknowledged");
        }
    }
    let again = main.restore_to(time).keep_as("again").await.unwrap();
    for database in DATABASES {
        assert_eq!(contents(&main, database).await, PAST, "{when}: {database}");
    }
    assert_eq!(again.databases.len(), DATABASES.len());
    for branch in all(&fixture, &lakebase, when).await {
        if !branch.is_default {
            // The temporary one of a program that ended expires.
            assert!(
                ["kept", "again"].contains(&branch.id().as_str()) || branch.expire_time.is_some(),
                "{when}"
            );
            branch.delete().purge().await.unwrap();
        }
    }
    add(&lakebase).await;
    stop(fixture).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_killed_at_a_step_loses_nothing_and_can_be_finished() {
    let (mut dir, time) = with_a_past().await;
    for point in [
        "history.replayed",
        "create-branch.files",
        "create-branch.started",
        "create-branch.files#2",
        "create-branch.started#2",
        "delete-branch.row",
    ] {
        assert_killed(start_victim(&dir, Some(point), Some(time)), point);
        dir = look_after(dir, time, point).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_killed_at_any_moment_loses_nothing_and_can_be_finished() {
    let (mut dir, time) = with_a_past().await;
    for _ in 0..5 {
        let mut victim = start_victim(&dir, None, Some(time));
        let begun = Instant::now();
        while !dir.path().join("ready").exists() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the server does not start");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let moment = Duration::from_millis(fastrand::u64(0..2500));
        tokio::time::sleep(moment).await;
        victim.kill().unwrap();
        assert_killed(victim, &format!("after {moment:?}"));
        dir = look_after(dir, time, &format!("after {moment:?}")).await;
    }
}
