//! Clones of a running source, with a checkpoint of PostgreSQL's backup and without.

use super::*;
use crate::local::storage::ControlFile;

const BACKUPS: &str = "clone: begin of backup";

fn backups(engine: &Engine) -> u64 {
    engine.timings().get(BACKUPS).map_or(0, |times| times.count)
}

/// Where the replay of a branch's last checkpoint begins.
fn redo(root: &TempDir, branch: &str) -> u64 {
    ControlFile::read(&branch_dir(root, branch).join("data")).unwrap().redo
}

async fn fork(engine: &Engine, source: &str, target: &str) -> Fork {
    let fork = engine.fork(&key(source), &key(target)).await.unwrap();
    engine.start(&key(target), &SETTINGS).await.unwrap();
    fork
}

async fn sum(engine: &Engine, branch: &str) -> i64 {
    number(engine, branch, "SELECT sum(n) FROM t").await
}

#[tokio::test]
async fn a_source_with_little_wal_since_its_checkpoint_writes_none_for_a_fork() {
    let root = root();
    let engine = with_main(&root).await;
    let before = redo(&root, "main");
    run(&engine, "main", "INSERT INTO t VALUES (10)").await;
    let left = fork(&engine, "main", "dev").await;
    run(&engine, "main", "INSERT INTO t VALUES (100)").await;
    assert_eq!(redo(&root, "main"), before);
    assert_eq!(backups(&engine), 0);
    assert_eq!(sum(&engine, "dev").await, 11);
    let left: crate::api::lsn::Lsn = left.lsn.parse().unwrap();
    assert!(!left.0.is_multiple_of(1 << 20), "its WAL ends in the middle of a segment, not at {left}");
    engine.shutdown().await;
}

#[tokio::test]
async fn a_source_with_much_wal_since_its_checkpoint_writes_one_for_a_fork() {
    let root = root();
    let engine = with_main(&root).await;
    run(&engine, "main", "INSERT INTO t SELECT 1 FROM generate_series(1, 200000)").await;
    fork(&engine, "main", "dev").await;
    assert_eq!(backups(&engine), 1);
    fork(&engine, "main", "next").await;
    assert_eq!(backups(&engine), 1, "little WAL is left to replay");
    for branch in ["dev", "next"] {
        assert_eq!(sum(&engine, branch).await, 200_001, "{branch}");
    }
    engine.shutdown().await;
}

#[tokio::test]
async fn a_sequence_of_a_fork_goes_on_where_that_of_its_source_does() {
    let root = root();
    let engine = with_main(&root).await;
    run(&engine, "main", "CREATE SEQUENCE s; CREATE TABLE u (n int DEFAULT nextval('s'))").await;
    fork(&engine, "main", "unused").await;
    for n in 0..3 {
        run(&engine, "main", "INSERT INTO u DEFAULT VALUES").await;
        let target = format!("dev-{n}");
        fork(&engine, "main", &target).await;
        assert_eq!(number(&engine, &target, "SELECT nextval('s')").await, n + 2);
    }
    assert_eq!(number(&engine, "unused", "SELECT nextval('s')").await, 1);
    engine.shutdown().await;
}

#[tokio::test]
async fn a_fork_that_is_killed_and_forked_again_has_everything_and_its_whole_past() {
    let root = root();
    let engine = with_main(&root).await;
    let mut points = vec![(head(&engine, "main").await, 1)];
    let mut source = "main".to_owned();
    let writes = [
        ("INSERT INTO t VALUES (10)", 11),
        ("INSERT INTO t VALUES (100); CREATE TABLE later (n int)", 111),
        ("INSERT INTO t VALUES (1000); UPDATE t SET n = n", 1111),
    ];
    for (sql, sum) in writes {
        let target = format!("dev-{sum}");
        fork(&engine, &source, &target).await;
        run(&engine, &source, "INSERT INTO t VALUES (50000)").await;
        // It recovers once more, in the segment in which it left its source.
        kill(&engine, &root, &target).await;
        engine.start(&key(&target), &SETTINGS).await.unwrap();
        run(&engine, &target, sql).await;
        points.push((head(&engine, &target).await, sum));
        source = target;
    }
    assert_eq!(backups(&engine), 0);
    for (point, wanted) in points {
        let target = format!("at-{wanted}");
        engine.fork_at(&key(&source), &key(&target), point).await.unwrap();
        engine.start(&key(&target), &SETTINGS).await.unwrap();
        assert_eq!(sum(&engine, &target).await, wanted, "{target}");
    }
    engine.shutdown().await;
}
