//! A feature branch with a migration, and the means to hold its migration up.

use std::time::Duration;

use lakebase::{
    Branch, Expiry, hours,
    local::LocalLakebase,
    migrate::{ApplyOptions, Migration, PromotionOutcome, PromotionReport, Step, StepOutcome},
};
use sqlx::{AssertSqlSafe, Executor};

use crate::support::{directory::directory, fixture::local};

/// A branch of production with a migration of its own on it: a column, and ten rows that say so.
pub(super) async fn feature(production: &Branch, column: &str) -> (Branch, Migration) {
    let migration = Migration::new(
        column,
        format!(
            "alter table customers add column {column} int; select pg_advisory_xact_lock(7);
             update customers set {column} = 1 where id <= 10"
        ),
    );
    let id = format!("feature-{}", column.replace('_', "-"));
    let feature = production.create_branch(id.as_str(), Expiry::after(hours(1))).await.unwrap();
    feature.apply(&migration).await.unwrap();
    (feature.handle().clone(), migration)
}

/// Whether the migration of [`feature`] is there: all of it or nothing.
pub(super) async fn is_applied(target: impl AsRef<Branch>, column: &str) -> bool {
    let target = target.as_ref();
    let sql = "select count(*) from information_schema.columns where column_name = $1";
    let mut conn = target.connect().await.unwrap();
    let columns: i64 = sqlx::query_scalar(sql).bind(column).fetch_one(&mut conn).await.unwrap();
    if columns == 1 {
        let rows = format!("select count(*) from customers where {column} = 1");
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(rows)).fetch_one(&mut conn).await.unwrap();
        assert_eq!(rows, 10, "half-applied");
    }
    columns == 1
}

pub(super) async fn eventually(what: &str, mut is: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if is().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not reached within 30 s: {what}");
}

/// The promotion after the one that was interrupted.
pub(super) async fn goes_through(feature: impl AsRef<Branch>, migration: &Migration) {
    let feature = feature.as_ref();
    let report = feature.promote(migration).await.unwrap();
    assert!(matches!(report.outcome, PromotionOutcome::Promoted | PromotionOutcome::NothingToDo), "{report}");
}

/// A Lakebase of the test's own, and its directory.
pub(super) async fn own_lakebase() -> (LocalLakebase, tempfile::TempDir) {
    let directory = directory();
    (local(directory.path()).start().await.unwrap(), directory)
}

pub(super) async fn own_production(local: &LocalLakebase) -> Branch {
    let lakebase = local.client().await.unwrap();
    lakebase.create_project("own").await.unwrap();
    let production = lakebase.project("own").unwrap().default_branch().await.unwrap().handle().clone();
    let mut conn = production.connect().await.unwrap();
    conn.execute("create table customers (id int); insert into customers select generate_series(1, 20)")
        .await
        .unwrap();
    production
}

/// Holds up the migrations of [`feature`] after their first statement, on one branch and on no other.
pub(super) struct Barrier {
    pub(super) conn: sqlx::PgConnection,
}

impl Barrier {
    pub(super) async fn close(target: &Branch) -> Self {
        let mut conn = target.connect().await.unwrap();
        conn.execute("select pg_advisory_lock(7)").await.unwrap();
        Self { conn }
    }

    async fn waiting(&mut self) -> Option<i32> {
        let sql = "select pid from pg_locks where locktype = 'advisory' and objid = 7 and not granted";
        sqlx::query_scalar(sql).fetch_optional(&mut self.conn).await.unwrap()
    }

    /// The session that waits at it.
    pub(super) async fn reached(&mut self) -> i32 {
        eventually("a migration at the barrier", async || self.waiting().await.is_some()).await;
        self.waiting().await.unwrap()
    }

    pub(super) async fn open(mut self) {
        self.conn.execute("select pg_advisory_unlock(7)").await.unwrap();
    }
}

/// Longer than any barrier stays closed.
pub(super) fn long_lock_timeout() -> ApplyOptions {
    ApplyOptions::default().lock_timeout(Duration::from_secs(60))
}

pub(super) fn stopped_at(error: &lakebase::Error, at: Step) -> &PromotionReport {
    let report = PromotionReport::of(error).unwrap();
    assert!(
        matches!(report.outcome, PromotionOutcome::Stopped { step, untouched: true, .. } if step == at),
        "{report}"
    );
    let step = report.steps.iter().find(|step| step.step == at).unwrap();
    assert_eq!(step.outcome, StepOutcome::Stopped, "{report}");
    report
}
