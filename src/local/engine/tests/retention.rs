//! Limits of history: its window, its disk budget, and directories of earlier versions.

use std::os::unix::fs::MetadataExt as _;

use super::*;
use crate::local::storage::Trimmed;

/// A position after about so many megabytes of WAL.
async fn written(engine: &Engine, megabytes: usize) -> u64 {
    let sql = format!(
        "DO $$ BEGIN FOR n IN 1..{megabytes} LOOP
            INSERT INTO t VALUES (1); PERFORM pg_switch_wal();
         END LOOP; END $$"
    );
    let mut session = admin(engine, "main").await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut session).await.unwrap();
    session.close().await.unwrap();
    engine.history(&key("main")).await.unwrap().last
}

fn since(time: DateTime<Utc>) -> HashMap<String, DateTime<Utc>> {
    [("project-1".to_owned(), time)].into()
}

/// Disk space that a branch takes, each file once.
fn space(root: &TempDir, branch: &str) -> u64 {
    let mut seen = std::collections::HashSet::new();
    let dir = root.path().join("lb/branches/project-1").join(branch);
    let files = walkdir::WalkDir::new(dir).into_iter().flatten().filter_map(|entry| entry.metadata().ok());
    files.filter(|file| seen.insert(file.ino())).map(|file| file.blocks() * 512).sum()
}

async fn trim(engine: &Engine, from: DateTime<Utc>) -> Trimmed {
    loop {
        if let Some(trimmed) = engine.trim_history(since(from)).await.unwrap() {
            return trimmed;
        }
    }
}

#[tokio::test]
async fn history_before_the_window_is_removed_and_its_space_given_back() {
    let root = root();
    let engine = with_main(&root).await;
    // More than stays with PostgreSQL.
    let early = written(&engine, 120).await;
    engine.fork(&key("main"), &key("child")).await.unwrap();
    engine.take_base(&key("main"), true).await.unwrap();
    let later = Utc::now();
    let late = written(&engine, 10).await;
    let before = space(&root, "main");

    assert_eq!(trim(&engine, DateTime::UNIX_EPOCH).await.removed, 0, "all of it is in the window");
    assert_eq!(trim(&engine, later).await.removed, 0, "the child's window begins with the template");
    engine.remove(&key("child")).await.unwrap();
    let trimmed = trim(&engine, later).await;
    assert!(trimmed.removed >= 100 << 20 && trimmed.cut.is_none(), "{trimmed:?}");
    let window = engine.history(&key("main")).await.unwrap();
    assert!(window.first > early && window.since.is_some_and(|since| since < later), "{window:?}");
    let at = async |lsn| engine.fork_at(&key("main"), &key("dev"), ForkPoint::Lsn(lsn)).await;
    let refused = at(early).await.unwrap_err().to_string();
    assert!(refused.contains("is before the history; the history of the branch goes from 0/"), "{refused}");
    at(late).await.unwrap();
    // PostgreSQL keeps less of it with the next segment.
    run(&engine, "main", "CHECKPOINT; SELECT pg_switch_wal(); SELECT pg_current_xact_id()").await;
    while before < space(&root, "main") + (20 << 20) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    engine.shutdown().await;
}

#[tokio::test]
async fn the_oldest_history_gives_way_to_the_budget() {
    let root = root();
    let budget = 150 << 20;
    let engine =
        Engine::open(EngineOptions { history_budget: Some(budget), ..options(&root, Durability::Fast) });
    let engine = engine.await.unwrap();
    let version = engine.resolve_version(None).await.unwrap();
    engine.create_root(&key("main"), version).await.unwrap();
    engine.start(&key("main"), &SETTINGS).await.unwrap();
    run(&engine, "main", "CREATE TABLE t (n int)").await;
    let early = written(&engine, 90).await;
    engine.take_base(&key("main"), true).await.unwrap();
    assert_eq!(trim(&engine, DateTime::UNIX_EPOCH).await.cut, None);
    let late = written(&engine, 60).await;
    let trimmed = trim(&engine, DateTime::UNIX_EPOCH).await;
    assert!(trimmed.cut.is_some() && trimmed.kept <= budget, "{trimmed:?}");
    let window = engine.history(&key("main")).await.unwrap();
    assert!(window.first > early && window.first <= late, "{window:?}");
    let at = async |lsn| engine.fork_at(&key("main"), &key("dev"), ForkPoint::Lsn(lsn)).await;
    assert!(at(early).await.unwrap_err().to_string().contains("is before the history"));
    at(late).await.unwrap();

    // Without a base that fits, all goes, and the history begins anew.
    written(&engine, 160).await;
    let cut = Utc::now();
    assert!(trim(&engine, DateTime::UNIX_EPOCH).await.cut.is_some());
    while engine.history(&key("main")).await.unwrap().since.is_none_or(|since| since < cut) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    engine.shutdown().await;
}

#[tokio::test]
async fn a_branch_of_an_earlier_version_has_history_from_now_on() {
    let root = root();
    let engine = with_main(&root).await;
    let early = engine.history(&key("main")).await.unwrap().last;
    run(&engine, "main", "SELECT pg_current_xact_id()").await;
    engine.shutdown().await;
    drop(engine);
    let dir = root.path().join("lb/branches/project-1/main");
    std::fs::remove_file(dir.join("lineage.json")).unwrap();
    std::fs::remove_dir_all(dir.join("wal")).unwrap();
    let engine = open(&root).await;
    let at = async |name: &str, lsn| engine.fork_at(&key("main"), &key(name), ForkPoint::Lsn(lsn)).await;
    assert!(at("dev", early).await.unwrap_err().to_string().contains("is before the history"));
    engine.fork(&key("main"), &key("now")).await.unwrap();
    engine.start(&key("main"), &SETTINGS).await.unwrap();
    while std::fs::read_dir(dir.join("bases")).map_or(0, Iterator::count) == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    run(&engine, "main", "INSERT INTO t VALUES (10)").await;
    let then = engine.history(&key("main")).await.unwrap().last;
    run(&engine, "main", "DELETE FROM t").await;
    at("dev", then).await.unwrap();
    engine.start(&key("dev"), &SETTINGS).await.unwrap();
    assert_eq!(number(&engine, "dev", "SELECT sum(n) FROM t").await, 11);
    engine.shutdown().await;
}
