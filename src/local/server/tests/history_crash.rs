//! A server that is killed while it keeps history: what is left of it is whole or shorter, never wrong.

use std::{
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use reqwest::Method;
use serde_json::json;
use sqlx::Row as _;
use tempfile::TempDir;

use super::{
    Fixture, builder_in,
    crash::{restart, stop},
    temp_dir,
};
use crate::local::control::arm_failpoint;

const DIR: &str = "LAKEBASE_CRASH_DIR";
const POINT: &str = "LAKEBASE_CRASH_POINT";
const BUDGET: &str = "LAKEBASE_CRASH_BUDGET";
const MAIN: &str = "projects/shop/branches/production";

/// The second process: dies in the work that it does on its own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of the test that kills it"]
async fn victim() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let mut builder = builder_in(Path::new(&dir));
    if let Ok(budget) = std::env::var(BUDGET) {
        builder = builder.history_budget_mb(budget.parse().unwrap());
    }
    arm_failpoint(&std::env::var(POINT).unwrap());
    let fixture = Fixture::of(builder.start().await.unwrap(), temp_dir());
    let mut session = fixture.connect(MAIN).await.unwrap();
    for _ in 0..2000 {
        sqlx::query("INSERT INTO counter SELECT max(n) + 1 FROM counter")
            .execute(&mut session)
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the point was not reached");
}

fn crash(dir: &TempDir, point: &str, budget: Option<u64>) {
    let mut victim = Command::new(std::env::current_exe().unwrap());
    victim.args(["--exact", "local::server::tests::history_crash::victim", "--ignored", "--nocapture"]);
    victim.env(DIR, dir.path()).env(POINT, point).env("TMPDIR", dir.path());
    budget.map(|budget| victim.env(BUDGET, budget.to_string()));
    let output = victim.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(9), "{point}: {text}");
}

/// The directory of the only branch.
fn branch_dir(dir: &TempDir) -> PathBuf {
    let only = |dir: &Path| std::fs::read_dir(dir).unwrap().next().unwrap().unwrap().path();
    only(&only(&dir.path().join("data/branches")))
}

/// Adds a row; returns the number of rows and a position after it.
async fn add(fixture: &Fixture) -> (i64, String) {
    let mut session = fixture.connect(MAIN).await.unwrap();
    sqlx::query("INSERT INTO counter SELECT max(n) + 1 FROM counter").execute(&mut session).await.unwrap();
    let sql = "SELECT count(*), pg_current_wal_insert_lsn()::text FROM counter";
    let row = sqlx::query(sql).fetch_one(&mut session).await.unwrap();
    (row.get(0), row.get(1))
}

/// The number of rows at a position; the refusal where the history does not reach it.
async fn rows_at(fixture: &Fixture, lsn: &str) -> Result<i64, String> {
    let spec = json!({"spec": {"no_expiry": true, "source_branch": MAIN, "source_branch_lsn": lsn}});
    let (status, answer) = fixture.call(Method::POST, "projects/shop/branches?branch_id=then", spec).await;
    if status != 200 {
        return Err(answer["message"].as_str().unwrap().to_owned());
    }
    assert!(answer["error"].is_null(), "{answer}");
    let mut session = fixture.connect("projects/shop/branches/then").await.unwrap();
    let rows = fixture.number(&mut session, "SELECT count(*) FROM counter").await;
    fixture.done(Method::DELETE, "projects/shop/branches/then?purge=true", serde_json::Value::Null).await;
    Ok(rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn history_is_whole_or_shorter_after_a_kill() {
    let mut fixture = Fixture::start().await;
    fixture.project("shop").await;
    let mut session = fixture.connect(MAIN).await.unwrap();
    sqlx::raw_sql("CREATE TABLE counter (n int); INSERT INTO counter VALUES (1)")
        .execute(&mut session)
        .await
        .unwrap();
    drop(session);
    let mut known = vec![add(&fixture).await];
    for (point, begin_anew, budget) in [
        ("history.swept", false, None),
        ("history.base-cloned", true, None),
        ("history.base-published", true, None),
        ("history.base-removed", false, Some(1)),
        ("history.segment-removed", false, Some(1)),
    ] {
        let dir = stop(fixture).await;
        if begin_anew {
            // A base is due at once where there is no other beginning.
            std::fs::remove_file(branch_dir(&dir).join("lineage.json")).unwrap();
        }
        crash(&dir, point, budget);
        fixture = restart(dir).await;
        for (rows, lsn) in &known {
            match rows_at(&fixture, lsn).await {
                Ok(found) => assert_eq!(found, *rows, "{point}: {lsn}"),
                Err(refused) => {
                    assert!(point != "history.swept", "{refused}");
                    assert!(refused.contains("the history of the branch goes from"), "{point}: {refused}");
                }
            }
        }
        // And it goes on.
        loop {
            let (rows, lsn) = add(&fixture).await;
            add(&fixture).await;
            if let Ok(found) = rows_at(&fixture, &lsn).await {
                assert_eq!(found, rows, "{point}");
                known.push((rows, lsn));
                break;
            }
        }
    }
    fixture.local.shutdown().await;
}
