//! A local Lakebase with databases of known sizes.

use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use lakebase::{
    Branch, Expiry, Lakebase, hours,
    local::{Durability, LocalLakebase, LocalLakebaseBuilder},
    model::BranchInfo,
};
use secrecy::ExposeSecret as _;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{Result, disk::Disk, plain::Target};

pub(crate) struct Fixture {
    pub(crate) local: LocalLakebase,
    pub(crate) lakebase: Lakebase,
    next: AtomicUsize,
}

const PAGE_BYTES: u64 = 8192;
/// As many rows of the filler fit into a page.
const ROWS_IN_A_PAGE: u64 = 17;
/// Beyond this a page holds one row and is otherwise empty: the table grows by pages and the WAL by rows, so that ten
/// gigabytes are written in a minute and once.
const DENSE_MB: u64 = 2048;

/// The first row that can be read of it.
pub(crate) const FILLER_ROW: &str = "SELECT id FROM filler LIMIT 1";

/// Makes a database with a table of so many megabytes.
pub(crate) async fn fill(admin: &Target, database: &str, megabytes: u64) -> Result<()> {
    admin.connect("postgres").await?.execute(AssertSqlSafe(format!("CREATE DATABASE {database}"))).await?;
    let mut connection = admin.connect(database).await?;
    write(&mut connection, megabytes).await?;
    Ok(connection.close().await?)
}

pub(crate) async fn write(connection: &mut PgConnection, megabytes: u64) -> Result<()> {
    eprintln!("writing {megabytes} MB");
    let pages = megabytes * (1 << 20) / PAGE_BYTES;
    let (rows, fill) = if megabytes > DENSE_MB { (pages, 10) } else { (pages * ROWS_IN_A_PAGE, 100) };
    let table = format!("CREATE TABLE filler (id bigint, text text) WITH (fillfactor = {fill})");
    connection.execute(AssertSqlSafe(table)).await?;
    sqlx::query("INSERT INTO filler SELECT n, repeat(md5(n::text), 13) FROM generate_series(1, $1) n")
        .bind(i64::try_from(rows)?)
        .execute(&mut *connection)
        .await?;
    let written: i64 =
        sqlx::query_scalar("SELECT pg_relation_size('filler')").fetch_one(&mut *connection).await?;
    let wanted = i64::try_from(pages * PAGE_BYTES)?;
    if written < wanted {
        return Err(format!("the filler takes {written} bytes instead of {wanted}").into());
    }
    Ok(())
}

impl Fixture {
    pub(crate) async fn open(disk: &Disk, durability: Durability) -> Result<Self> {
        Self::with_spares(disk, durability, 0).await
    }

    /// The same data, with so many warm spares for each source.
    pub(crate) async fn with_spares(disk: &Disk, durability: Durability, spares: usize) -> Result<Self> {
        Self::start(durability, &disk.dir.join("data"), |builder| builder.spares(spares)).await
    }

    pub(crate) async fn start(
        durability: Durability,
        dir: &Path,
        configure: impl FnOnce(LocalLakebaseBuilder) -> LocalLakebaseBuilder,
    ) -> Result<Self> {
        let builder = LocalLakebase::builder().data_dir(dir).durability(durability);
        let local = configure(builder).start().await?;
        let lakebase = local.client().await?;
        Ok(Self { local, lakebase, next: AtomicUsize::new(0) })
    }

    /// The present value of a metric.
    pub(crate) async fn metric(&self, series: &str) -> Result<f64> {
        let metrics = self.metrics().await?;
        let value = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        Ok(value.ok_or_else(|| format!("the metric {series} is missing"))?.trim().parse()?)
    }

    /// All metrics, as text.
    pub(crate) async fn metrics(&self) -> Result<String> {
        let (host, port) = (self.local.host().host_str().ok_or("no host")?, self.local.host().port());
        let mut stream = TcpStream::connect((host, port.ok_or("no port")?)).await?;
        let token = self.local.token().expose_secret();
        let request = format!(
            "GET /metrics HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    /// A second server, which keeps no history.
    pub(crate) async fn without_history(disk: &Disk, durability: Durability) -> Result<Self> {
        let dir = disk.dir.join("without-history");
        Self::start(durability, &dir, |builder| builder.history_budget_mb(0).spares(0)).await
    }

    pub(crate) async fn close(self) {
        self.local.shutdown().await;
    }

    /// The default branch of the project with the rows of the examples; made when it is not there.
    pub(crate) async fn demonstration(&self) -> Result<BranchInfo> {
        let sql = include_str!("../../examples/shared/ecommerce.sql");
        self.project("demonstration", async |connection| {
            let mut transaction = connection.begin().await?;
            sqlx::raw_sql(sql).execute(&mut *transaction).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    /// The default branch of a project with a table of so many megabytes; made when it is not there.
    pub(crate) async fn filled(&self, megabytes: u64) -> Result<BranchInfo> {
        self.project(&format!("filled-{megabytes}"), async |connection| write(connection, megabytes).await)
            .await
    }

    pub(crate) async fn project(
        &self,
        id: &str,
        fill: impl AsyncFnOnce(&mut PgConnection) -> Result<()>,
    ) -> Result<BranchInfo> {
        let project = self.lakebase.create_project(id).if_missing().outcome().await?;
        let production = project.info.default_branch().await?;
        // Makes sure too that its compute runs.
        let mut connection = production.connect().await?;
        if project.created {
            fill(&mut connection).await?;
        }
        connection.close().await?;
        Ok(production)
    }

    /// An id that no other branch has.
    pub(crate) fn fresh_id(&self) -> String {
        format!("bench-{:08x}-{}", fastrand::u32(..), self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// From the request for a branch to its first row.
    pub(crate) async fn branch(
        &self,
        source: impl AsRef<Branch>,
        row: &'static str,
    ) -> Result<(BranchInfo, Duration)> {
        let source = source.as_ref();
        let begun = Instant::now();
        let branch = source.create_branch(self.fresh_id(), Expiry::after(hours(1))).await?;
        let mut connection = branch.connect().await?;
        sqlx::query(row).fetch_one(&mut connection).await?;
        let taken = begun.elapsed();
        connection.close().await?;
        Ok((branch, taken))
    }
}
