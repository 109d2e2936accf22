//! Exactness of points in time: a writer commits a counter at full speed, and branches of random moments and positions
//! have the rows that were committed by then, and no other.
//!
//! `LAKEBASE_HISTORY_MINUTE=1` writes for a minute and looks at 20 moments and 20 positions.

use sqlx::Row as _;

use super::*;

/// A committed row.
#[derive(Clone, Copy, Debug)]
struct Commit {
    n: i64,
    time: DateTime<Utc>,
    /// A position between its commit and the next one.
    after: u64,
}

fn settings() -> ComputeSettings {
    let pg_settings = [("track_commit_timestamp".to_owned(), "on".to_owned())].into();
    ComputeSettings { pg_settings, ..SETTINGS.clone() }
}

async fn start(engine: &Engine, branch: &str) {
    engine.start(&key(branch), &settings()).await.unwrap();
}

/// Commits the numbers after `from` until the time is over.
async fn write(engine: &Engine, branch: &str, from: i64, time: Duration) -> Vec<Commit> {
    let mut session = admin(engine, branch).await;
    let (begun, mut positions) = (std::time::Instant::now(), Vec::new());
    for n in from + 1.. {
        sqlx::query("INSERT INTO counter VALUES ($1, repeat('x', 200))")
            .bind(n)
            .execute(&mut session)
            .await
            .unwrap();
        let after: String = sqlx::query_scalar("SELECT pg_current_wal_insert_lsn()::text")
            .fetch_one(&mut session)
            .await
            .unwrap();
        positions.push((n, after.parse::<crate::api::lsn::Lsn>().unwrap().0));
        if begun.elapsed() > time {
            break;
        }
    }
    let times = sqlx::query("SELECT n, pg_xact_commit_timestamp(xmin) FROM counter WHERE n > $1 ORDER BY n")
        .bind(from)
        .fetch_all(&mut session)
        .await
        .unwrap();
    session.close().await.unwrap();
    let of = |(row, (n, after)): (&sqlx::postgres::PgRow, (i64, u64))| {
        assert_eq!(row.get::<i64, _>(0), n);
        Commit { n, time: row.get(1), after }
    };
    times.iter().zip(positions).map(of).collect()
}

/// Fails unless a branch at the point has exactly the numbers up to `last`.
async fn check(engine: &Engine, source: &str, at: ForkPoint, last: i64) {
    let target = format!("at-{:016x}", fastrand::u64(..));
    engine.fork_at(&key(source), &key(&target), at).await.unwrap();
    start(engine, &target).await;
    let mut session = admin(engine, &target).await;
    let (count, max): (i64, i64) = sqlx::query_as("SELECT count(*), coalesce(max(n), 0) FROM counter")
        .fetch_one(&mut session)
        .await
        .unwrap();
    session.close().await.unwrap();
    assert_eq!((count, max), (last, last), "{source} at {at:?}");
    engine.remove(&key(&target)).await.unwrap();
}

async fn check_at_time(engine: &Engine, source: &str, commits: &[Commit], time: DateTime<Utc>) {
    let last = commits.iter().filter(|commit| commit.time <= time).map(|commit| commit.n).max();
    check(engine, source, ForkPoint::Time(time), last.unwrap_or(0)).await;
}

async fn check_at_random(engine: &Engine, source: &str, commits: &[Commit], points: usize) {
    for _ in 0..points {
        let commit = commits[fastrand::usize(..commits.len())];
        let moved = chrono::TimeDelta::microseconds(fastrand::i64(-2000..2000));
        let (first, last) = (commits[0].time, commits[commits.len() - 1].time);
        check_at_time(engine, source, commits, (commit.time + moved).clamp(first, last)).await;
        check(engine, source, ForkPoint::Lsn(commit.after), commit.n).await;
    }
    let commit = commits[fastrand::usize(1..commits.len())];
    check_at_time(engine, source, commits, commit.time).await;
    check_at_time(engine, source, commits, commit.time - chrono::TimeDelta::microseconds(1)).await;
}

async fn with_counter(root: &TempDir) -> Engine {
    let engine = open(root).await;
    let version = engine.resolve_version(None).await.unwrap();
    engine.create_root(&key("main"), version).await.unwrap();
    start(&engine, "main").await;
    run(&engine, "main", "CREATE TABLE counter (n bigint PRIMARY KEY, padding text)").await;
    engine
}

async fn base(engine: &Engine, branch: &str) {
    engine.take_base(&key(branch), fastrand::bool()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn branches_have_exactly_the_rows_committed_by_then() {
    let long = std::env::var_os("LAKEBASE_HISTORY_MINUTE").is_some();
    let (time, points) = if long { (Duration::from_secs(60), 20) } else { (Duration::from_secs(2), 3) };
    let root = root();
    let engine = with_counter(&root).await;
    let writer = tokio::spawn({
        let engine = engine.clone();
        async move { write(&engine, "main", 0, time).await }
    });
    for _ in 0..2 {
        tokio::time::sleep(time / 4).await;
        base(&engine, "main").await;
    }
    let commits = writer.await.unwrap();
    assert_eq!(std::fs::read_dir(root.path().join("lb/branches/project-1/main/bases")).unwrap().count(), 2);
    check_at_random(&engine, "main", &commits, points).await;
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_a_grandchild_leads_through_its_ancestors() {
    let time = Duration::from_millis(300);
    let root = root();
    let engine = with_counter(&root).await;
    let mut commits = write(&engine, "main", 0, time).await;
    engine.fork(&key("main"), &key("child")).await.unwrap();
    start(&engine, "child").await;
    // What the source does then is not the child's.
    run(&engine, "main", "DELETE FROM counter").await;
    base(&engine, "main").await;
    commits.extend(write(&engine, "child", commits[commits.len() - 1].n, time).await);
    base(&engine, "child").await;
    commits.extend(write(&engine, "child", commits[commits.len() - 1].n, time).await);
    engine.stop(&key("child")).await.unwrap();
    engine.fork(&key("child"), &key("grandchild")).await.unwrap();
    start(&engine, "child").await;
    run(&engine, "child", "DELETE FROM counter").await;
    start(&engine, "grandchild").await;
    commits.extend(write(&engine, "grandchild", commits[commits.len() - 1].n, time).await);
    check_at_random(&engine, "grandchild", &commits, 3).await;
    check(&engine, "grandchild", ForkPoint::Lsn(commits[1].after), 2).await;
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn history_goes_on_after_a_crash_a_suspension_and_a_restart_of_the_server() {
    let time = Duration::from_millis(300);
    let root = root();
    let engine = with_counter(&root).await;
    let mut commits = write(&engine, "main", 0, time).await;
    base(&engine, "main").await;
    kill(&engine, &root, "main").await;
    start(&engine, "main").await;
    commits.extend(write(&engine, "main", commits[commits.len() - 1].n, time).await);
    engine.stop(&key("main")).await.unwrap();
    start(&engine, "main").await;
    commits.extend(write(&engine, "main", commits[commits.len() - 1].n, time).await);
    engine.shutdown().await;
    drop(engine);
    let engine = open(&root).await;
    check_at_random(&engine, "main", &commits, 2).await;
    start(&engine, "main").await;
    commits.extend(write(&engine, "main", commits[commits.len() - 1].n, time).await);
    check_at_random(&engine, "main", &commits, 2).await;
    engine.shutdown().await;
}
