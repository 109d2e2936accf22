//! Start and stop of computes under adverse conditions.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    process::Command,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::*;

#[tokio::test]
async fn a_log_that_cannot_be_written_stops_no_wake() {
    let root = root();
    let engine = with_main(&root).await;
    let log = branch_dir(&root, "main").join("postgres.log");
    for case in ["closed", "a pipe", "gone", "a directory"] {
        if case == "closed" {
            fs::set_permissions(&log, fs::Permissions::from_mode(0o000)).unwrap();
        } else {
            fs::remove_file(&log).unwrap();
        }
        match case {
            "a pipe" => assert!(Command::new("mkfifo").arg(&log).status().unwrap().success()),
            "a directory" => fs::create_dir(&log).unwrap(),
            _ => {}
        }
        assert_eq!(
            number(&engine, "main", "SELECT count(*) FROM t").await,
            1,
            "{case}: a compute that runs goes on"
        );
        engine.stop(&key("main")).await.unwrap();
        engine.start(&key("main"), &SETTINGS).await.unwrap_or_else(|error| panic!("{case}: {error}"));
        assert!(log.symlink_metadata().unwrap().is_file(), "{case}");
        assert!(fs::read_to_string(&log).unwrap().contains("ready to accept connections"), "{case}");
    }
    engine.shutdown().await;
}

/// Sessions that write and compute without end.
async fn busy(engine: &Engine, sessions: usize) -> tokio::task::JoinSet<()> {
    let mut busy = tokio::task::JoinSet::new();
    for at in 0..sessions {
        let mut session = admin(engine, "main").await;
        let unlimited = "SET statement_timeout = 0; SET lock_timeout = 0";
        sqlx::raw_sql(unlimited).execute(&mut session).await.unwrap();
        // Most wait for a row lock: sixty that compute would starve the tests beside this one.
        let work = match at % 10 {
            0 => "DO $$ BEGIN LOOP INSERT INTO t SELECT generate_series(1, 100); COMMIT; END LOOP; END $$",
            1 => "SELECT count(*) FROM generate_series(1, 1000000000) AS n WHERE n % 7 = 3",
            _ => {
                "DO $$ BEGIN LOOP UPDATE t SET n = n + 1 WHERE ctid = '(0,1)'; PERFORM pg_sleep(0.01); END LOOP; END $$"
            }
        };
        busy.spawn(async move { drop(sqlx::raw_sql(work).execute(&mut session).await) });
    }
    busy
}

async fn stop_and_restart(engine: &Engine) -> Duration {
    let asked = Instant::now();
    engine.stop(&key("main")).await.unwrap();
    let took = asked.elapsed();
    engine.start(&key("main"), &SETTINGS).await.unwrap();
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compute_stops_within_five_seconds_under_sixty_busy_sessions_and_a_hung_one() {
    const LIMIT: Duration = Duration::from_secs(5);
    let root = root();
    let engine = open(&root).await;
    let version = engine.resolve_version(None).await.unwrap();
    engine.create_root(&key("main"), version).await.unwrap();
    let settings = ComputeSettings { max_connections: 100, ..SETTINGS.clone() };
    engine.start(&key("main"), &settings).await.unwrap();
    run(&engine, "main", "CREATE TABLE t (n int); INSERT INTO t VALUES (1)").await;
    let sessions = busy(&engine, 60).await;
    let took = stop_and_restart(&engine).await;
    assert!(took < LIMIT, "{took:?}");
    sessions.join_all().await;

    let mut hung = admin(&engine, "main").await;
    let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut hung).await.unwrap();
    let pid = Pid::from_raw(pid).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let took = stop_and_restart(&engine).await;
    assert!(took < LIMIT, "{took:?}");
    assert!(number(&engine, "main", "SELECT count(*) FROM t").await > 0);
    let state = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z "), "the hung one is ended: {state}");
    engine.shutdown().await;
}
