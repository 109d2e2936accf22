//! Hot standbys.

use std::{fs, path::PathBuf, time::Instant};

use super::*;

/// An engine without history, so that PostgreSQL keeps only the WAL that its own recovery needs.
async fn without_history(root: &TempDir) -> Engine {
    let options = EngineOptions { history_budget: Some(0), ..options(root, Durability::Fast) };
    let engine = Engine::open(options).await.unwrap();
    let version = engine.resolve_version(None).await.unwrap();
    engine.create_root(&key("main"), version).await.unwrap();
    engine.start(&key("main"), &SETTINGS).await.unwrap();
    run(&engine, "main", "CREATE TABLE t (n int)").await;
    run(&engine, "main", "INSERT INTO t VALUES (1)").await;
    engine
}

fn signal_file(root: &TempDir) -> PathBuf {
    root.path().join("lb/branches/project-1/standby/data/standby.signal")
}

async fn start(engine: &Engine) {
    engine.start_standby(&key("main"), &key("standby"), &SETTINGS).await.unwrap();
}

async fn follows(engine: &Engine, expected: i64) {
    let begun = Instant::now();
    while number(engine, "standby", "SELECT count(*) FROM t").await != expected {
        assert!(begun.elapsed() < Duration::from_secs(30), "the standby does not follow");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_standby_whose_source_has_removed_its_wal_is_made_anew_and_never_becomes_a_branch() {
    let root = root();
    let engine = without_history(&root).await;
    engine.admit_standbys(&key("main")).await.unwrap();
    engine.admit_standbys(&key("main")).await.unwrap();
    start(&engine).await;
    follows(&engine, 1).await;
    engine.stop(&key("standby")).await.unwrap();
    // Kept while the source has what comes next.
    run(&engine, "main", "INSERT INTO t VALUES (2)").await;
    assert!(!engine.is_left_behind(&key("main"), &key("standby")).await.unwrap());
    let inode = |root: &TempDir| {
        use std::os::unix::fs::MetadataExt as _;
        fs::metadata(signal_file(root).with_file_name("PG_VERSION")).unwrap().ino()
    };
    let first = inode(&root);
    start(&engine).await;
    follows(&engine, 2).await;
    assert_eq!(inode(&root), first, "it was cloned again");
    engine.stop(&key("standby")).await.unwrap();

    run(
        &engine,
        "main",
        "CREATE TABLE filler AS SELECT repeat(md5(n::text), 20) FROM generate_series(1, 40000) AS n",
    )
    .await;
    run(&engine, "main", "SELECT pg_switch_wal(); CHECKPOINT; SELECT pg_switch_wal(); CHECKPOINT").await;
    assert!(
        engine.is_left_behind(&key("main"), &key("standby")).await.unwrap(),
        "the test made too little WAL"
    );
    start(&engine).await;
    follows(&engine, 2).await;
    run(&engine, "main", "INSERT INTO t VALUES (3)").await;
    follows(&engine, 3).await;

    // A source that sleeps and comes back is streamed from at once.
    engine.stop(&key("main")).await.unwrap();
    assert_eq!(number(&engine, "standby", "SELECT count(*) FROM t").await, 3);
    engine.start(&key("main"), &SETTINGS).await.unwrap();
    run(&engine, "main", "INSERT INTO t VALUES (4)").await;
    engine.reconnect(&key("standby"));
    let begun = Instant::now();
    follows(&engine, 4).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "it waited for its own retry: {:?}", begun.elapsed());

    // A lost file is written again.
    engine.stop(&key("standby")).await.unwrap();
    fs::remove_file(signal_file(&root)).unwrap();
    start(&engine).await;
    assert_eq!(number(&engine, "standby", "SELECT pg_is_in_recovery()::int::bigint").await, 1);
    engine.shutdown().await;
}
