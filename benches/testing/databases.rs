//! A database for each test.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use lakebase::testing::{self, TestBranch, TestDatabase};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::time::sleep;

use crate::{
    DEMONSTRATION, ROW, branches,
    support::{Result, table::milliseconds},
};

/// Tests that run at the same time, as in a test program on two cores.
const THREADS: usize = 2;
/// The pause before a test, in which the next database is made. Without one it is the throughput that is measured.
const PAUSE: Duration = Duration::from_millis(150);

async fn fresh() -> Result<TestDatabase> {
    let made = testing::database("bench", async |branch| {
        branch.connect().await?.execute(DEMONSTRATION).await?;
        Ok(())
    });
    Ok(made.await?)
}

/// Milliseconds of a database that was made ahead, and of one that is copied now.
pub(crate) async fn one_by_one(runs: usize) -> Result<[Vec<f64>; 2]> {
    let mut samples = [const { Vec::new() }; 2];
    let peer = Peer::new().await?;
    let mut admin = peer.server.connect().await?;
    for run in 0..=runs {
        sleep(PAUSE).await;
        let ahead = ahead().await?;
        sleep(PAUSE).await;
        let copied = peer.copied(&mut admin, run).await?;
        if run > 0 {
            let round = [ahead, copied];
            samples.iter_mut().zip(round).for_each(|(samples, taken)| samples.push(milliseconds(taken)));
        }
    }
    admin.close().await?;
    peer.server.close().await?;
    Ok(samples)
}

/// The time to the first row of a database that was made ahead.
async fn ahead() -> Result<Duration> {
    let begun = Instant::now();
    let database = fresh().await?;
    let mut connection = database.connect().await?;
    sqlx::query(ROW).fetch_one(&mut connection).await?;
    let taken = begun.elapsed();
    connection.close().await?;
    database.close().await?;
    Ok(taken)
}

/// A server of the same kind, for what people do by hand.
struct Peer {
    server: TestBranch,
}

impl Peer {
    async fn new() -> Result<Self> {
        let server = branches::fresh().await?;
        let mut admin = server.connect().await?;
        admin.execute("CREATE DATABASE template_of_tests").await?;
        let mut template = server.connect().database("template_of_tests").await?;
        template.execute(DEMONSTRATION).await?;
        template.close().await?;
        admin.close().await?;
        Ok(Self { server })
    }

    /// The time to the first row of a copied database, which is dropped then.
    async fn copied(&self, admin: &mut PgConnection, number: usize) -> Result<Duration> {
        let begun = Instant::now();
        admin
            .execute(AssertSqlSafe(format!("CREATE DATABASE by_hand_{number} TEMPLATE template_of_tests")))
            .await?;
        let mut connection = self.server.connect().database(format!("by_hand_{number}")).await?;
        sqlx::query(ROW).fetch_one(&mut connection).await?;
        let taken = begun.elapsed();
        connection.close().await?;
        admin.execute(AssertSqlSafe(format!("DROP DATABASE by_hand_{number} WITH (FORCE)"))).await?;
        Ok(taken)
    }

    /// Runs the data's statements in a schema of the test's own, on a connection of its own.
    async fn replayed(&self, number: usize) -> Result<()> {
        let schema = format!("by_hand_{number}");
        let mut connection = self.server.connect().await?;
        connection.execute(AssertSqlSafe(DEMONSTRATION.replace("ecommerce", &schema))).await?;
        sqlx::query(AssertSqlSafe(ROW.replace("ecommerce", &schema))).fetch_one(&mut connection).await?;
        connection.execute(AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"))).await?;
        connection.close().await?;
        Ok(())
    }
}

/// The times of so many tests, two at a time: with test databases, copied ones, replayed ones and branches.
pub(crate) async fn many(tests: usize) -> Result<[Duration; 4]> {
    let peer = Peer::new().await?;
    // The set-up and the first copies are not part of it.
    fresh().await?.close().await?;
    branches::fresh().await?.close().await?;
    sleep(PAUSE).await;
    let by_ahead = timed(tests, async |_| ahead().await.map(drop)).await?;
    let by_copy = timed(tests, async |number| {
        let mut admin = peer.server.connect().await?;
        peer.copied(&mut admin, number).await?;
        Ok(admin.close().await?)
    })
    .await?;
    let by_replay = timed(tests, async |number| peer.replayed(number).await).await?;
    let by_branch = timed(tests, async |_| branches::branch().await.map(drop)).await?;
    Ok([by_ahead, by_copy, by_replay, by_branch])
}

/// The time of all tests, each with its number.
async fn timed(tests: usize, test: impl AsyncFn(usize) -> Result<()>) -> Result<Duration> {
    let next = AtomicUsize::new(0);
    let worker = async || -> Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= tests {
                return Ok(());
            }
            test(number).await?;
        }
    };
    let begun = Instant::now();
    let workers: [_; THREADS] = std::array::from_fn(|_| worker());
    futures_util::future::try_join_all(workers).await?;
    Ok(begun.elapsed())
}
