//! Connections that are lost in the middle of a migration or while it is committed.

use std::path::{Path, PathBuf};

use lakebase::{
    ErrorKind,
    migrate::{self, ApplyOptions, Failure, Migration, Outcome, Step},
};
use rustix::process::{Pid, Signal, kill_process};

use super::{
    feature::{
        Barrier, eventually, feature, goes_through, is_applied, long_lock_timeout, own_lakebase,
        own_production, stopped_at,
    },
    promote::{columns, count, production, temporary_branches},
};

#[tokio::test]
async fn a_connection_lost_in_the_middle_of_the_apply_leaves_the_target_untouched() {
    let production = production("cut").await;
    let (feature, migration) = feature(&production, "cut").await;
    let mut barrier = Barrier::close(&production).await;
    let cutting = async {
        let pid = barrier.reached().await;
        sqlx::query("select pg_terminate_backend($1)").bind(pid).execute(&mut barrier.conn).await.unwrap();
    };
    let promoting = feature.promote(&migration).apply_options(long_lock_timeout()).into_future();
    let (promoted, ()) = tokio::join!(promoting, cutting);
    let error = promoted.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    stopped_at(&error, Step::Apply);
    assert_eq!(Failure::of(&error).unwrap().outcome, Outcome::Nothing, "{error}");
    barrier.open().await;
    assert!(!is_applied(&production, "cut").await);
    assert_eq!(temporary_branches(&production).await, Vec::<String>::new());
    goes_through(&feature, &migration).await;
}

#[tokio::test]
async fn a_failed_commit_on_a_lost_connection_is_known_to_have_failed() {
    let production = production("lost").await;
    let sql = "create table t (a int);
         create function cut() returns trigger language plpgsql as
             'begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(10); return null; end';
         create constraint trigger at_commit after insert on t deferrable initially deferred
             for each row execute function cut();
         insert into t values (1)";
    let migration = Migration::new("lost", sql);
    let error = production.apply(&migration).await.unwrap_err();
    assert_eq!(Failure::of(&error).unwrap().outcome, Outcome::Nothing, "{error}");
    assert!(error.to_string().contains("nothing of it was applied"), "{error}");
    // Without a branch to connect to again, the outcome is unknown.
    let mut conn = production.connect().await.unwrap();
    let error = migrate::apply(&mut conn, &migration, &ApplyOptions::default()).await.unwrap_err();
    assert_eq!(Failure::of(&error).unwrap().outcome, Outcome::Unknown { done: 0, maybe: 4, of: 4 });
    assert_eq!(count(&production, "select count(*) from pg_class where relname = 't'").await, 0);
}

#[tokio::test]
async fn a_statement_whose_record_was_lost_is_recorded_over_the_next_connection() {
    let production = production("record").await;
    let sql = "-- no-transaction
         create sequence cuts;
         create function cut() returns trigger language plpgsql as
             'begin if new.done = 4 and nextval(''cuts'') = 1 then
                  perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(10);
              end if; return null; end';
         create trigger cut after insert or update on _lakebase.migrations for each row execute function cut();
         create table t (a int);
         create table u (a int)";
    let report = production.apply(Migration::new("record", sql)).await.unwrap();
    assert_eq!(report.migrations[0].outcome, Outcome::Applied);
    assert_eq!(report.migrations[0].statements.len(), 5);
    assert!(production.apply(Migration::new("record", sql)).await.unwrap().is_unchanged());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_on_a_lost_connection_that_went_through_is_known_to_have_done_so() {
    let (local, directory) = own_lakebase().await;
    let production = own_production(&local).await;
    let mut other = production.connect().await.unwrap();
    // Commits here are done and then wait for a standby that does not exist.
    let cluster = running_cluster(directory.path()).unwrap();
    let settings = cluster.join("postgresql.auto.conf");
    let setting = async |line: &str, shown: &str, other: &mut sqlx::PgConnection| {
        std::fs::write(&settings, line).unwrap();
        let pid = std::fs::read_to_string(cluster.join("postmaster.pid")).unwrap();
        let pid = Pid::from_raw(pid.lines().next().unwrap().parse().unwrap()).unwrap();
        kill_process(pid, Signal::HUP).unwrap();
        eventually("the setting", async || {
            let now: String = sqlx::query_scalar("select current_setting('synchronous_standby_names')")
                .fetch_one(&mut *other)
                .await
                .unwrap();
            now == shown
        })
        .await;
    };
    let migration = Migration::new(
        "committed",
        "set local synchronous_commit = on; alter table customers add column tier int;
         update customers set tier = 1",
    );
    // Creates the ledger, while commits still return.
    production.apply(Migration::new("first", "select 1")).await.unwrap();
    setting("synchronous_standby_names = 'nobody'", "nobody", &mut other).await;
    let cutting = async {
        let waiting = "select pid from pg_stat_activity where wait_event = 'SyncRep'";
        let mut pid = None;
        eventually("the commit", async || {
            pid = sqlx::query_scalar::<_, i32>(waiting).fetch_optional(&mut other).await.unwrap();
            pid.is_some()
        })
        .await;
        sqlx::query("select pg_terminate_backend($1)").bind(pid).execute(&mut other).await.unwrap();
        setting("", "", &mut other).await;
    };
    let (applied, ()) = tokio::join!(production.apply(&migration).into_future(), cutting);
    let report = applied.unwrap();
    assert_eq!(report.migrations[0].outcome, Outcome::Applied, "{report}");
    assert_eq!(report.migrations[0].statements[2].rows, 20, "{report}");
    assert_eq!(columns(&production, "tier").await, 1);
    assert!(production.apply(&migration).await.unwrap().is_unchanged());
    local.shutdown().await;
}

/// The data directory under `root` on which PostgreSQL runs.
fn running_cluster(root: &Path) -> Option<PathBuf> {
    if root.join("postmaster.pid").exists() {
        return Some(root.to_owned());
    }
    let entries = std::fs::read_dir(root).ok()?.flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .find_map(|dir| running_cluster(&dir.path()))
}
