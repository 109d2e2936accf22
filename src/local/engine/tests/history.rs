//! Point-in-time branches against real PostgreSQL.

use super::*;

async fn text(engine: &Engine, branch: &str, sql: &'static str) -> String {
    let mut session = admin(engine, branch).await;
    let text = sqlx::query_scalar(sql).fetch_one(&mut session).await.unwrap();
    session.close().await.unwrap();
    text
}

/// The sum of `t` on a new branch of `source`, which is started for that.
async fn sum_at(engine: &Engine, source: &str, target: &str, at: ForkPoint) -> i64 {
    engine.fork_at(&key(source), &key(target), at).await.unwrap();
    engine.start(&key(target), &SETTINGS).await.unwrap();
    number(engine, target, "SELECT coalesce(sum(n), 0)::bigint FROM t").await
}

async fn add(engine: &Engine, branch: &str, sql: &'static str) -> ForkPoint {
    run(engine, branch, sql).await;
    head(engine, branch).await
}

fn refused(result: Result<Fork, EngineError>) -> String {
    match result {
        Err(EngineError::OutsideHistory { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_branch_at_a_position_has_what_was_committed_before_it() {
    let root = root();
    let engine = with_main(&root).await;
    let one = head(&engine, "main").await;
    let two = add(&engine, "main", "INSERT INTO t VALUES (10)").await;
    let three = add(&engine, "main", "CREATE TABLE later (x int); INSERT INTO t VALUES (100)").await;
    assert_eq!(sum_at(&engine, "main", "at-2", two).await, 11);
    assert_eq!(sum_at(&engine, "main", "at-1", one).await, 1);
    assert_eq!(sum_at(&engine, "main", "at-3", three).await, 111);
    let tables = "SELECT count(*) FROM pg_class WHERE relname = 'later'";
    assert_eq!(number(&engine, "at-2", tables).await, 0);
    assert_eq!(number(&engine, "at-3", tables).await, 1);
    run(&engine, "at-1", "INSERT INTO t VALUES (1000)").await;
    assert_eq!(number(&engine, "main", "SELECT sum(n) FROM t").await, 111, "the source is as it was");
    engine.shutdown().await;
}

#[tokio::test]
async fn a_branch_at_a_time_has_what_was_committed_until_then() {
    let root = root();
    let engine = with_main(&root).await;
    let pause = || tokio::time::sleep(Duration::from_millis(2));
    pause().await;
    let one = Utc::now();
    pause().await;
    run(&engine, "main", "INSERT INTO t VALUES (10)").await;
    pause().await;
    let two = Utc::now();
    let fork = engine.fork_at(&key("main"), &key("exact"), ForkPoint::Time(one)).await.unwrap();
    assert_eq!(fork.time, one);
    assert_eq!(sum_at(&engine, "main", "at-1", ForkPoint::Time(one)).await, 1);
    assert_eq!(sum_at(&engine, "main", "again", lsn(&fork.lsn)).await, 1, "its position says the same");
    assert_eq!(sum_at(&engine, "main", "at-2", ForkPoint::Time(two)).await, 11);
    engine.stop(&key("main")).await.unwrap();
    assert_eq!(sum_at(&engine, "main", "stopped-1", ForkPoint::Time(one)).await, 1);
    assert_eq!(
        sum_at(&engine, "main", "stopped-2", ForkPoint::Time(two)).await,
        11,
        "and nothing came after"
    );
    engine.shutdown().await;
}

#[tokio::test]
async fn a_source_at_rest_has_its_past_too() {
    let root = root();
    let engine = with_main(&root).await;
    let one = head(&engine, "main").await;
    run(&engine, "main", "INSERT INTO t VALUES (10)").await;
    engine.stop(&key("main")).await.unwrap();
    let now = engine.fork(&key("main"), &key("now")).await.unwrap();
    assert_eq!(sum_at(&engine, "main", "at-1", one).await, 1);
    assert_eq!(sum_at(&engine, "main", "at-now", lsn(&now.lsn)).await, 11);
    engine.start(&key("main"), &SETTINGS).await.unwrap();
    run(&engine, "main", "INSERT INTO t VALUES (100)").await;
    assert_eq!(sum_at(&engine, "main", "at-then", lsn(&now.lsn)).await, 11);
    assert_eq!(sum_at(&engine, "main", "at-first", one).await, 1);
    engine.shutdown().await;
}

#[tokio::test]
async fn the_position_of_a_fork_is_kept_by_a_source_that_was_killed() {
    let root = root();
    let engine = with_main(&root).await;
    kill(&engine, &root, "main").await;
    let fork = engine.fork(&key("main"), &key("dev")).await.unwrap();
    engine.start(&key("main"), &SETTINGS).await.unwrap();
    run(&engine, "main", "INSERT INTO t VALUES (10)").await;
    assert_eq!(sum_at(&engine, "main", "at-fork", lsn(&fork.lsn)).await, 1);
    engine.shutdown().await;
}

/// All rows and all tables, in one number.
const STATE: &str =
    "SELECT (SELECT count(*) || ':' || coalesce(md5(string_agg(p::text, ',' ORDER BY n, writer)), '')
        FROM pairs p) || ' ' || (SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace)";

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_at_the_position_of_a_fork_is_that_fork() {
    let root = root();
    let engine = with_main(&root).await;
    run(&engine, "main", "CREATE TABLE pairs (writer int, n int, padding text)").await;
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let engine = engine.clone();
            tokio::spawn(async move {
                let mut session = admin(&engine, "main").await;
                for n in 1_i64.. {
                    let insert = format!("INSERT INTO pairs VALUES ({writer}, {n}, repeat('x', 300))");
                    sqlx::raw_sql(sqlx::AssertSqlSafe(insert)).execute(&mut session).await.unwrap();
                    if n % 20 == 0 {
                        let create = format!("CREATE TABLE w{writer}_{n} (x int)");
                        sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&mut session).await.unwrap();
                    }
                }
            })
        })
        .collect();
    let mut forks = Vec::new();
    for round in 0..4 {
        while number(&engine, "main", "SELECT count(*) FROM pairs").await < 100 * (round + 1) {
            tokio::task::yield_now().await;
        }
        let branch = format!("dev-{round}");
        forks.push((engine.fork(&key("main"), &key(&branch)).await.unwrap(), branch));
    }
    writers.iter().for_each(tokio::task::JoinHandle::abort);
    for (fork, branch) in forks {
        let then = format!("{branch}-then");
        engine.fork_at(&key("main"), &key(&then), lsn(&fork.lsn)).await.unwrap();
        let mut states = Vec::new();
        for branch in [&branch, &then] {
            engine.start(&key(branch), &SETTINGS).await.unwrap();
            states.push(text(&engine, branch, STATE).await);
            engine.stop(&key(branch)).await.unwrap();
        }
        assert!(states[0].contains("w0_20"), "{states:?}");
        assert_eq!(states[0], states[1], "{}", fork.lsn);
    }
    engine.shutdown().await;
}

#[tokio::test]
async fn branches_that_went_apart_have_each_their_own_past() {
    let root = root();
    let engine = with_main(&root).await;
    let before = head(&engine, "main").await;
    engine.fork(&key("main"), &key("dev")).await.unwrap();
    engine.start(&key("dev"), &SETTINGS).await.unwrap();
    let main = add(&engine, "main", "INSERT INTO t VALUES (10)").await;
    let dev = add(&engine, "dev", "INSERT INTO t VALUES (100)").await;
    run(&engine, "main", "INSERT INTO t VALUES (1000)").await;
    run(&engine, "dev", "INSERT INTO t VALUES (2000)").await;
    assert_eq!(sum_at(&engine, "main", "main-then", main).await, 11);
    assert_eq!(sum_at(&engine, "dev", "dev-then", dev).await, 101);
    assert_eq!(sum_at(&engine, "dev", "dev-before", before).await, 1);
    engine.remove(&key("main")).await.unwrap();
    let reason = refused(engine.fork_at(&key("dev"), &key("dev-alone"), dev).await);
    assert!(reason.contains("is before the history"), "the state before is gone: {reason}");
    let now = after_base(&root, &engine, "dev").await;
    run(&engine, "dev", "DELETE FROM t").await;
    assert_eq!(sum_at(&engine, "dev", "dev-alone", now).await, 2101, "a base was taken");
    engine.shutdown().await;
}

#[tokio::test]
async fn a_branch_of_the_past_has_a_past_of_its_own() {
    let root = root();
    let engine = with_main(&root).await;
    let first = head(&engine, "main").await;
    let first_time = Utc::now();
    tokio::time::sleep(Duration::from_millis(2)).await;
    let second = add(&engine, "main", "INSERT INTO t VALUES (10)").await;
    run(&engine, "main", "INSERT INTO t VALUES (100)").await;
    assert_eq!(sum_at(&engine, "main", "a", second).await, 11);
    let third = add(&engine, "a", "INSERT INTO t VALUES (1000)").await;
    let third_time = Utc::now();
    run(&engine, "a", "INSERT INTO t VALUES (2000)").await;
    let fork = engine.fork(&key("a"), &key("a-child")).await.unwrap();
    assert_eq!(sum_at(&engine, "a", "b", third).await, 1011, "after the switch");
    assert_eq!(sum_at(&engine, "a", "c", second).await, 11, "at the switch");
    assert_eq!(sum_at(&engine, "a", "d", first).await, 1, "before the switch");
    assert_eq!(sum_at(&engine, "a", "e", ForkPoint::Time(third_time)).await, 1011);
    assert_eq!(sum_at(&engine, "a", "f", ForkPoint::Time(first_time)).await, 1);
    assert_eq!(sum_at(&engine, "a-child", "g", lsn(&fork.lsn)).await, 3011);
    let fourth = add(&engine, "b", "INSERT INTO t VALUES (5000)").await;
    run(&engine, "b", "DELETE FROM t").await;
    engine.stop(&key("b")).await.unwrap();
    assert_eq!(sum_at(&engine, "b", "h", fourth).await, 6011, "two switches");
    assert_eq!(sum_at(&engine, "b", "i", third).await, 1011);
    assert_eq!(sum_at(&engine, "b", "j", first).await, 1);
    engine.shutdown().await;
}

#[tokio::test]
async fn a_point_that_is_not_in_the_history_is_refused_with_the_window() {
    let root = root();
    let engine = with_main(&root).await;
    let main = key("main");
    let window = engine.history(&main).await.unwrap();
    let at = async |at| refused(engine.fork_at(&main, &key("dev"), at).await);
    assert!(at(lsn("0/28")).await.contains("is before the history; the history of the branch goes from 0/"));
    assert!(at(ForkPoint::Lsn(window.last + (64 << 20))).await.contains("is ahead of the branch"));
    let future = Utc::now() + Duration::from_secs(60);
    assert!(at(ForkPoint::Time(future)).await.contains("is in the future"));
    assert_eq!(sum_at(&engine, "main", "last", ForkPoint::Lsn(window.last)).await, 1);
    engine.fork_at(&main, &key("first"), ForkPoint::Lsn(window.first)).await.unwrap();

    run(&engine, "main", "SELECT pg_switch_wal()").await;
    std::fs::remove_file(segments(&root, "main/wal").iter().min().unwrap()).unwrap();
    std::fs::remove_file(segments(&root, "main/data/pg_wal").iter().min().unwrap()).unwrap();
    let reason = at(ForkPoint::Lsn(window.last)).await;
    assert!(reason.contains("is before the history"), "a gap is no history: {reason}");
    assert_eq!(engine.branches().await.unwrap().len(), 3, "what was refused left nothing");
    engine.fork(&main, &key("child")).await.unwrap();
    engine.start(&key("child"), &SETTINGS).await.unwrap();
    assert_eq!(number(&engine, "child", "SELECT sum(n) FROM t").await, 1, "the present needs no past");
    engine.remove(&key("child")).await.unwrap();
    engine.stop(&main).await.unwrap();
    engine.fork(&main, &key("child")).await.unwrap();
    engine.start(&key("child"), &SETTINGS).await.unwrap();
    assert_eq!(number(&engine, "child", "SELECT sum(n) FROM t").await, 1);
    engine.shutdown().await;
}

#[tokio::test]
async fn a_fork_leaves_the_history_of_its_source_behind() {
    use std::os::unix::fs::MetadataExt;
    let root = root();
    let engine = with_main(&root).await;
    for _ in 0..40 {
        run(&engine, "main", "INSERT INTO t VALUES (1)").await;
        run(&engine, "main", "SELECT pg_switch_wal()").await;
    }
    let then = head(&engine, "main").await;
    engine.fork(&key("main"), &key("dev")).await.unwrap();
    engine.history(&key("main")).await.unwrap();
    let kept = segments(&root, "main/wal");
    assert!(kept.len() > 40, "{kept:?}");
    assert!(kept.iter().all(|path| path.metadata().unwrap().nlink() >= 2), "linked, not copied");
    let taken = segments(&root, "dev/data/pg_wal").len();
    assert!(taken <= 3, "as much as its own start needs: {taken}");
    assert_eq!(sum_at(&engine, "dev", "dev-then", then).await, 41);
    engine.shutdown().await;
}

/// The segments in a directory of a branch.
fn segments(root: &TempDir, dir: &str) -> Vec<PathBuf> {
    let dir = root.path().join("lb/branches/project-1").join(dir);
    let mut found: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.file_name().unwrap().len() == 24);
    found
}

/// Waits until a branch has a base, and returns a point after that.
async fn after_base(root: &TempDir, engine: &Engine, branch: &str) -> ForkPoint {
    let bases = root.path().join("lb/branches/project-1").join(branch).join("bases");
    while !bases.exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The directory appears before the base in it.
    while std::fs::read_dir(&bases).unwrap().next().is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let now = ForkPoint::Lsn(engine.history(&key(branch)).await.unwrap().last);
    run(engine, branch, "SELECT pg_current_xact_id()").await;
    now
}
