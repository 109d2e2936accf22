//! A server that is killed while it makes, promotes or replaces warm spares, and the start after it.

use std::{
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;

use super::{
    Fixture, builder_in,
    crash::{restart, stop},
    temp_dir,
};
use crate::local::control::arm_failpoint;

const DIR: &str = "LAKEBASE_CRASH_DIR";
const POINT: &str = "LAKEBASE_CRASH_POINT";
const MAIN: &str = "projects/shop/branches/production";

/// The second process: makes branches from spares until it reaches the point, or is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of the test that kills it"]
async fn victim() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let builder = builder_in(Path::new(&dir)).spare_for_each_branch();
    let fixture = Fixture::of(builder.start().await.unwrap(), temp_dir());
    let mut session = fixture.connect(MAIN).await.unwrap();
    if let Ok(point) = std::env::var(POINT) {
        arm_failpoint(&point);
    }
    std::fs::write(Path::new(&dir).join("ready"), "").unwrap();
    for n in 0.. {
        sqlx::query("INSERT INTO counter SELECT max(n) + 1 FROM counter")
            .execute(&mut session)
            .await
            .unwrap();
        fixture.branch("shop", &format!("b{n}")).await;
        if n % 2 == 1 {
            let path = format!("projects/shop/branches/b{n}?purge=true");
            fixture.done(Method::DELETE, &path, Value::Null).await;
        }
    }
}

fn start_victim(dir: &TempDir, point: Option<&str>) -> std::process::Child {
    let _ = std::fs::remove_file(dir.path().join("ready"));
    let mut victim = Command::new(std::env::current_exe().unwrap());
    victim.args(["--exact", "local::server::tests::spare_crash::victim", "--ignored", "--nocapture"]);
    victim.env(DIR, dir.path()).env("TMPDIR", dir.path());
    point.map(|point| victim.env(POINT, point));
    victim.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The server that was started after a kill. Every branch is whole, and there are no directories, roles with slots or
/// processes but theirs. The branches are removed.
async fn look_after(dir: TempDir, point: &str) -> TempDir {
    let fixture = restart(dir).await;
    let branches = fixture.get("projects/shop/branches").await;
    let branches = branches["branches"].as_array().unwrap();
    let project =
        std::fs::read_dir(fixture.dir.path().join("data/branches")).unwrap().next().unwrap().unwrap();
    let directories = std::fs::read_dir(project.path()).unwrap().count();
    assert_eq!(directories, branches.len(), "{point}");
    let mut session = fixture.connect(MAIN).await.unwrap();
    let rows = fixture.number(&mut session, "SELECT count(*) FROM counter").await;
    let slots =
        "SELECT (SELECT count(*) FROM pg_replication_slots) + (SELECT count(*) FROM pg_stat_replication)";
    assert_eq!(fixture.number(&mut session, slots).await, 0, "{point}");
    for branch in branches.iter().map(|branch| branch["name"].as_str().unwrap()).filter(|name| *name != MAIN)
    {
        let mut session = fixture.connect(branch).await.unwrap();
        let whole = "SELECT CASE WHEN count(*) = max(n) + 1 THEN count(*) ELSE -1 END FROM counter";
        let found = fixture.number(&mut session, whole).await;
        assert!((1..=rows).contains(&found), "{point}: {branch} has {found} of {rows}");
        sqlx::raw_sql("INSERT INTO counter SELECT max(n) + 1 FROM counter")
            .execute(&mut session)
            .await
            .unwrap();
        fixture.done(Method::DELETE, &format!("{branch}?purge=true"), Value::Null).await;
    }
    stop(fixture).await
}

async fn with_counter() -> TempDir {
    let fixture = Fixture::start().await;
    fixture.project("shop").await;
    let mut session = fixture.connect(MAIN).await.unwrap();
    sqlx::raw_sql("CREATE TABLE counter AS SELECT 0::bigint AS n").execute(&mut session).await.unwrap();
    stop(fixture).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_step_of_a_spare_leaves_whole_branches_and_nothing_else() {
    let mut dir = with_counter().await;
    for point in [
        "spare.cloned",
        "spare.started",
        "spare.ready",
        "spare.signaled",
        "spare.promoted",
        "spare.handed-over",
        "create-branch.files",
        "create-branch.started",
    ] {
        let output = start_victim(&dir, Some(point)).wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), Some(9), "{point}: {text}");
        dir = look_after(dir, point).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_moment_leaves_whole_branches_and_nothing_else() {
    let mut dir = with_counter().await;
    for _ in 0..6 {
        let mut victim = start_victim(&dir, None);
        let begun = Instant::now();
        while !dir.path().join("ready").exists() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the server does not start");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let moment = Duration::from_millis(fastrand::u64(0..600));
        tokio::time::sleep(moment).await;
        victim.kill().unwrap();
        let output = victim.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), Some(9), "{moment:?}: {text}");
        dir = look_after(dir, &format!("after {moment:?}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_leaves_no_spare() {
    let dir = with_counter().await;
    let builder = builder_in(dir.path()).spare_for_each_branch().spares(2);
    let fixture = Fixture::of(builder.start().await.unwrap(), dir);
    drop(fixture.connect(MAIN).await.unwrap());
    fixture.branch("shop", "b").await;
    let begun = Instant::now();
    while !fixture.control().metrics().await.unwrap().lines().any(|line| line == "lakebase_spares 2") {
        assert!(begun.elapsed() < Duration::from_secs(60), "no spares are made");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let dir = stop(fixture).await;
    let project = std::fs::read_dir(dir.path().join("data/branches")).unwrap().next().unwrap().unwrap();
    assert_eq!(std::fs::read_dir(project.path()).unwrap().count(), 2);
}
