//! Warm spares.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use super::*;

async fn make(engine: &Engine, source: &str, spare: &str) {
    engine.make_spare(&key(source), &key(spare), &SETTINGS).await.unwrap();
}

/// Makes a branch of a spare that is ready, and returns its name.
async fn branch(engine: &Engine, source: &str) -> (String, Fork) {
    let ready = engine.take_spare(&key(source), &SETTINGS).await.expect("a spare is ready");
    let name = ready.key().branch.clone();
    (name, engine.promote_spare(ready).await.unwrap())
}

/// The child of a postmaster whose title has this in it.
fn child_of(postmaster: Pid, title: &str) -> Pid {
    let parent = postmaster.as_raw_nonzero().to_string();
    let found = fs::read_dir("/proc").unwrap().flatten().find_map(|process| {
        let read = |name: &str| fs::read_to_string(process.path().join(name)).ok();
        let (stat, command) = (read("stat")?, read("cmdline")?);
        let is_child = stat.rsplit(')').next()?.split_whitespace().nth(1) == Some(parent.as_str());
        let pid = process.file_name().to_str()?.parse().ok()?;
        (is_child && command.contains(title)).then_some(pid)
    });
    Pid::from_raw(found.unwrap()).unwrap()
}

/// The rows of each of three writers, as `writer:rows:last`.
const WRITTEN: &str = "SELECT coalesce(string_agg(line, ' '), '') FROM
    (SELECT writer || ':' || count(*) || ':' || max(n) AS line FROM pairs GROUP BY writer ORDER BY writer) AS lines";

async fn text(engine: &Engine, branch: &str, sql: &'static str) -> String {
    let mut session = admin(engine, branch).await;
    let text = sqlx::query_scalar(sql).fetch_one(&mut session).await.unwrap();
    session.close().await.unwrap();
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_of_a_spare_has_what_was_committed_before_the_call_and_is_at_one_point_of_its_source() {
    let root = root();
    let engine = with_main(&root).await;
    // The commits of one are flushed later.
    let writers = Writers::start(&engine, "SET synchronous_commit = off").await;
    let mut made = Vec::new();
    for round in 0..4 {
        make(&engine, "main", &format!("spare-{round}")).await;
        let before = writers.when_each_has(20 * (round + 1)).await;
        let Some(ready) = engine.take_spare(&key("main"), &SETTINGS).await else {
            // Three writers on a machine that does other things: it was late, which is no fault.
            assert!(engine.spares_of(&key("main")) == 0);
            continue;
        };
        let name = ready.key().branch.clone();
        let fork = engine.promote_spare(ready).await.unwrap();
        let written = text(&engine, &name, WRITTEN).await;
        for (writer, before) in before.iter().enumerate() {
            let line = written.split(' ').nth(writer).unwrap();
            let (rows, last) = line.split_once(':').unwrap().1.split_once(':').unwrap();
            let (rows, last): (i64, i64) = (rows.parse().unwrap(), last.parse().unwrap());
            assert!(last >= *before, "writer {writer} had committed {before}, the branch has {last}");
            assert_eq!(rows, 2 * last, "all transactions up to the last are there, and whole");
        }
        run(&engine, &name, "INSERT INTO pairs VALUES (9, 1, 1, '')").await;
        made.push((name, fork, written));
    }
    assert!(!made.is_empty(), "no spare was ever up to date");
    writers.stop().await;
    for (name, fork, written) in made {
        let lsn = ForkPoint::Lsn(fork.lsn.parse::<crate::api::lsn::Lsn>().unwrap().0);
        for (source, at) in [("main", lsn), (name.as_str(), lsn)] {
            let target = format!("{name}-of-{source}");
            engine.fork_at(&key(source), &key(&target), at).await.unwrap();
            engine.start(&key(&target), &SETTINGS).await.unwrap();
            assert_eq!(text(&engine, &target, WRITTEN).await, written, "{source} at {}", fork.lsn);
            engine.remove(&key(&target)).await.unwrap();
        }
    }
    engine.shutdown().await;
}

#[tokio::test]
async fn nothing_of_a_standby_is_left_in_a_branch() {
    let root = root();
    let engine = with_main(&root).await;
    make(&engine, "main", "spare").await;
    let settings = branch_dir(&root, "spare").join("data/postgresql.auto.conf");
    assert!(fs::read_to_string(&settings).unwrap().contains("primary_conninfo"));
    let (name, _) = branch(&engine, "main").await;
    assert_eq!(name, "spare");
    assert_eq!(fs::read_to_string(&settings).unwrap(), "");
    assert!(!branch_dir(&root, "spare").join("data/standby.signal").exists());
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    let shown = "SELECT current_setting('primary_conninfo') || current_setting('wal_keep_size')";
    while text(&engine, "spare", shown).await != "1GB" {
        assert!(std::time::Instant::now() < deadline, "{}", text(&engine, "spare", shown).await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let pending = "SELECT count(*) FROM pg_settings WHERE pending_restart";
    assert_eq!(number(&engine, "spare", pending).await, 0);
    // It starts again as what it is.
    engine.stop(&key("spare")).await.unwrap();
    engine.start(&key("spare"), &SETTINGS).await.unwrap();
    run(&engine, "spare", "INSERT INTO t VALUES (2)").await;
    assert_eq!(number(&engine, "spare", "SELECT sum(n) FROM t").await, 3);
    assert_eq!(number(&engine, "main", "SELECT sum(n) FROM t").await, 1);
    assert_eq!(number(&engine, "main", "SELECT count(*) FROM pg_replication_slots").await, 0);
    engine.shutdown().await;
}

/// The sum of `t` on a new branch at a point.
async fn sum_at(engine: &Engine, source: &str, at: ForkPoint) -> i64 {
    let target = format!("at-{:08x}", fastrand::u32(..));
    engine.fork_at(&key(source), &key(&target), at).await.unwrap();
    engine.start(&key(&target), &SETTINGS).await.unwrap();
    let sum = number(engine, &target, "SELECT coalesce(sum(n), 0)::bigint FROM t").await;
    engine.remove(&key(&target)).await.unwrap();
    sum
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_of_a_branch_of_a_spare_is_that_of_its_source_and_then_its_own() {
    let root = root();
    let engine = with_main(&root).await;
    let one = head(&engine, "main").await;
    make(&engine, "main", "child").await;
    run(&engine, "main", "INSERT INTO t VALUES (10)").await;
    let eleven = head(&engine, "main").await;
    let (_, fork) = branch(&engine, "main").await;
    run(&engine, "main", "INSERT INTO t VALUES (1000)").await;
    run(&engine, "child", "INSERT INTO t VALUES (100)").await;
    let own = head(&engine, "child").await;
    // A spare of what was one, and a clone of that.
    make(&engine, "child", "grandchild").await;
    let (_, younger) = branch(&engine, "child").await;
    engine.fork(&key("grandchild"), &key("last")).await.unwrap();
    engine.start(&key("last"), &SETTINGS).await.unwrap();
    run(&engine, "last", "INSERT INTO t VALUES (5)").await;
    for (source, sum) in [("main", 1011), ("child", 111), ("grandchild", 111), ("last", 116)] {
        assert_eq!(number(&engine, source, "SELECT sum(n) FROM t").await, sum, "{source}");
    }
    for source in ["child", "grandchild", "last"] {
        assert_eq!(sum_at(&engine, source, one).await, 1, "{source}");
        assert_eq!(sum_at(&engine, source, eleven).await, 11, "{source}");
        assert_eq!(sum_at(&engine, source, own).await, 111, "{source}");
        assert_eq!(sum_at(&engine, source, ForkPoint::Time(fork.time)).await, 11, "{source}");
    }
    assert_eq!(sum_at(&engine, "main", ForkPoint::Time(fork.time)).await, 11);
    assert_eq!(sum_at(&engine, "child", ForkPoint::Time(younger.time)).await, 111);
    for source in ["main", "child"] {
        engine.stop(&key(source)).await.unwrap();
    }
    assert_eq!(sum_at(&engine, "last", eleven).await, 11, "its ancestors at rest");
    engine.take_base(&key("grandchild"), false).await.unwrap();
    assert_eq!(sum_at(&engine, "grandchild", own).await, 111, "with a base of its own");
    engine.shutdown().await;
}

#[tokio::test]
async fn spares_end_with_the_server_of_their_source_and_go_back_when_they_are_not_used() {
    let root = root();
    let engine = with_main(&root).await;
    let main = key("main");
    make(&engine, "main", "one").await;
    drop(engine.take_spare(&main, &SETTINGS).await.unwrap());
    assert_eq!(engine.spares_of(&main), 1, "it went back");
    let other = ComputeSettings { max_connections: 51, ..SETTINGS.clone() };
    assert!(engine.take_spare(&main, &other).await.is_none(), "it has other settings");
    engine.check_spares().await;
    assert_eq!(engine.spares_of(&main), 1, "it follows");

    engine.stop(&main).await.unwrap();
    assert_eq!((engine.spares_of(&main), branch_dir(&root, "one").exists()), (0, false));
    assert!(engine.make_spare(&main, &key("none"), &SETTINGS).await.is_err(), "its source sleeps");
    assert!(!branch_dir(&root, "none").exists());

    engine.start(&main, &SETTINGS).await.unwrap();
    make(&engine, "main", "two").await;
    let taken = engine.take_spare(&main, &SETTINGS).await.unwrap();
    kill(&engine, &root, "main").await;
    // It has all that it needs.
    engine.promote_spare(taken).await.unwrap();
    assert_eq!(number(&engine, "two", "SELECT count(*) FROM t").await, 1);
    engine.start(&main, &SETTINGS).await.unwrap();
    make(&engine, "main", "three").await;
    engine.remove(&main).await.unwrap();
    assert!(!branch_dir(&root, "three").exists());
    engine.shutdown().await;
    assert_eq!(fs::read_dir(root.path().join("lb/branches/project-1")).unwrap().count(), 1);
}

/// A process that crashes ends all sessions of its server, which goes on.
#[tokio::test]
async fn a_source_has_spares_again_after_a_process_of_its_server_crashed() {
    let root = root();
    let engine = with_main(&root).await;
    let main = key("main");
    for (crash, before) in [(1, "one"), (2, "two")] {
        make(&engine, "main", before).await;
        let mut session = admin(&engine, "main").await;
        let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut session).await.unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        while sqlx::query("SELECT 1").execute(&mut session).await.is_ok() {
            tokio::task::yield_now().await;
        }
        while engine.admin(&main, MAINTENANCE_DATABASE).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if crash == 1 {
            assert!(engine.take_spare(&main, &SETTINGS).await.is_none(), "the session at the source broke");
        } else {
            engine.check_spares().await;
        }
        assert_eq!(engine.spares_of(&main), 0, "crash {crash}");
        // A spare that was taken goes in the background.
        while branch_dir(&root, before).exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    make(&engine, "main", "three").await;
    let (name, _) = branch(&engine, "main").await;
    assert_eq!((name.as_str(), number(&engine, "three", "SELECT count(*) FROM t").await), ("three", 1));
    engine.shutdown().await;
}

#[tokio::test]
async fn a_spare_that_is_late_is_not_waited_for() {
    let root = root();
    let engine = with_main(&root).await;
    make(&engine, "main", "spare").await;
    let receiver = child_of(postmaster(&root, "spare"), "walreceiver");
    kill_process(receiver, Signal::STOP).unwrap();
    let asked = std::time::Instant::now();
    assert!(engine.take_spare(&key("main"), &SETTINGS).await.is_none());
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    kill_process(receiver, Signal::CONT).unwrap();
    assert_eq!(engine.spares_of(&key("main")), 0);
    engine.fork(&key("main"), &key("dev")).await.unwrap();
    // Nor is one that hangs kept.
    make(&engine, "main", "another").await;
    let startup = child_of(postmaster(&root, "another"), "startup");
    kill_process(startup, Signal::STOP).unwrap();
    run(&engine, "main", "CREATE TABLE junk AS SELECT repeat('x', 1000) FROM generate_series(1, 60000)")
        .await;
    engine.check_spares().await;
    kill_process(startup, Signal::CONT).unwrap();
    assert_eq!(engine.spares_of(&key("main")), 0, "it is 32 MB behind");
    engine.shutdown().await;
}
