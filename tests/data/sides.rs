//! Two databases whose rows are compared, and what `EXCEPT` says about them.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use lakebase::data::{DataDiff, Options, compare};
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::support::postgres::{self, Cluster, Database};

/// The old and the new one.
pub(super) struct Sides {
    pub(super) old: Database,
    pub(super) new: Database,
}

impl Sides {
    /// Two databases without anything in common but the script that made them.
    pub(super) async fn unrelated(script: &str) -> Self {
        let cluster = tokio::task::spawn_blocking(postgres::shared).await.expect("PostgreSQL starts");
        let create = async || Database::create(&cluster, script.to_owned()).await.expect("the script runs");
        Self { old: create().await, new: create().await }
    }

    /// A database and its physical copy for each script, on servers of their own.
    pub(super) async fn branches(scripts: &[String]) -> Vec<Self> {
        let source = tokio::task::spawn_blocking(postgres::private).await.expect("PostgreSQL starts");
        let mut databases = Vec::new();
        for script in scripts {
            let made = Database::create(&source, script.clone()).await;
            databases.push(made.unwrap_or_else(|error| panic!("{error}\n{script}")));
        }
        let branch = tokio::task::spawn_blocking(move || Arc::<Cluster>::new(source.branch())).await;
        let branch = branch.expect("a copy starts");
        databases.into_iter().map(|old| Self { new: old.copy_on(&branch), old }).collect()
    }

    pub(super) async fn branch(script: &str) -> Self {
        Self::branches(&[script.to_owned()]).await.remove(0)
    }

    pub(super) async fn on_old(&self, script: &str) {
        self.old.psql(script.to_owned()).await.unwrap_or_else(|error| panic!("{script}: {error}"));
    }

    pub(super) async fn on_new(&self, script: &str) {
        self.new.psql(script.to_owned()).await.unwrap_or_else(|error| panic!("{script}: {error}"));
    }

    /// Writes to the new side meanwhile: new row versions with the same values, so that rows move and all snapshots have
    /// equal ones, and rows that never commit.
    pub(super) async fn writer(&self, table: &str) -> tokio::task::JoinHandle<()> {
        let mut writer = self.new.connect().await;
        let some = format!("ctid in (select ctid from {table} order by random() limit 20)");
        let statements = [
            format!("update {table} set part = part where {some}"),
            format!(
                "begin; delete from {table} where {some}; update {table} set part = part + 1 where {some}; rollback"
            ),
        ];
        tokio::spawn(async move {
            for sql in statements.iter().cycle() {
                if sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&mut writer).await.is_err() {
                    return;
                }
            }
        })
    }

    pub(super) async fn compare(&self) -> DataDiff {
        self.compare_with(&Options::default()).await
    }

    pub(super) async fn compare_with(&self, options: &Options) -> DataDiff {
        let (mut old, mut new) = (self.old.connect().await, self.new.connect().await);
        compare(&mut old, &mut new, options).await.expect("the rows can be compared")
    }

    /// The numbers of rows that only the old and only the new table has, as `EXCEPT ALL` counts them. Columns without
    /// equality are given with a cast.
    pub(super) async fn except(&self, table: &str, columns: &[String]) -> (i64, i64) {
        let (mut old, mut new) = (self.old.connect().await, self.new.connect().await);
        let plain: Vec<_> = columns.iter().map(|column| column.trim_end_matches("::text")).collect();
        let (plain, compared) = (plain.join(", "), columns.join(", "));
        let make = format!("create temp table other as select {plain} from {table} where false");
        sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut new).await.expect("a table for the old rows");
        copy(&mut old, &mut new, &format!("select {plain} from {table}")).await;
        let count = async |conn: &mut PgConnection, one: &str, other: &str| -> i64 {
            let sql = format!(
                "select count(*) from (select {compared} from {one} except all select {compared} from {other}) x"
            );
            sqlx::raw_sql(AssertSqlSafe(sql))
                .fetch_one(conn)
                .await
                .expect("EXCEPT works")
                .get_unchecked::<&str, _>(0)
                .parse()
                .expect("a number")
        };
        (count(&mut new, "other", table).await, count(&mut new, table, "other").await)
    }

    /// Insists that the difference is what `EXCEPT` finds, and that its SQL removes it.
    pub(super) async fn check(&self, table: &str, columns: &[String]) -> Result<DataDiff, String> {
        let all = Options::default().row_limit(u64::MAX);
        let diff = self.compare_with(&all).await;
        let counts = diff.counts();
        let found = (counts.removed + counts.changed, counts.added + counts.changed);
        let (old, new) = self.except(table, columns).await;
        if (old as u64, new as u64) != found {
            return Err(format!("EXCEPT finds {old} old and {new} new rows: {:#?}", ways(&diff)));
        }
        let ran = self.old.psql(diff.to_sql()).await;
        ran.map_err(|error| format!("{error}{:#?}", ways(&diff)))?;
        let left = self.except(table, columns).await;
        if left != (0, 0) {
            return Err(format!("after the SQL {left:?} rows are left: {:#?}", ways(&diff)));
        }
        let again = self.compare_with(&all).await;
        if again.is_empty() { Ok(diff) } else { Err(format!("after the SQL: {}", again.summary())) }
    }
}

fn ways(diff: &DataDiff) -> Vec<String> {
    diff.tables
        .iter()
        .map(|t| format!("{}: {} by {}, {} ({})", t.table, t.counts, t.key, t.method, t.reason))
        .collect()
}

async fn copy(from: &mut PgConnection, to: &mut PgConnection, query: &str) {
    use sqlx::postgres::PgCopyIn;
    let mut rows = Vec::new();
    let sql = format!("copy ({query}) to stdout");
    {
        let mut out = from.copy_out_raw(&sql).await.expect("COPY TO");
        while let Some(piece) = out.try_next().await.expect("rows") {
            rows.extend_from_slice(&piece);
        }
    }
    let mut sink: PgCopyIn<_> = to.copy_in_raw("copy other from stdin").await.expect("COPY FROM");
    sink.send(rows).await.expect("rows are sent");
    sink.finish().await.expect("rows are read");
}
