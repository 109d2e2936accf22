//! A branch for each test.

use std::time::{Duration, Instant};

use lakebase::testing::{self, TestBranch};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::{
    DEMONSTRATION, ROW,
    support::{Result, table::milliseconds},
};

/// Milliseconds of a branch, of a copied database and of a database with a migration.
pub(crate) async fn one_by_one(runs: usize) -> Result<[Vec<f64>; 3]> {
    let mut samples = [const { Vec::new() }; 3];
    let server = fresh().await?;
    let mut admin = server.connect().await?;
    admin.execute("CREATE DATABASE template_of_tests").await?;
    let mut template = server.connect().database("template_of_tests").await?;
    template.execute(DEMONSTRATION).await?;
    template.close().await?;
    // One of each in turn; the first round warms up what the others find warm.
    for run in 0..=runs {
        let round = [branch().await?, copy(&server, &mut admin).await?, migrated(&server, &mut admin).await?];
        if run > 0 {
            samples.iter_mut().zip(round).for_each(|(samples, taken)| samples.push(milliseconds(taken)));
        }
    }
    admin.close().await?;
    server.close().await?;
    Ok(samples)
}

pub(crate) async fn fresh() -> Result<TestBranch> {
    let made = testing::branch("bench", async |branch| {
        branch.connect().await?.execute(DEMONSTRATION).await?;
        Ok(())
    });
    Ok(made.await?)
}

pub(crate) async fn branch() -> Result<Duration> {
    let begun = Instant::now();
    let branch = fresh().await?;
    let mut connection = branch.connect().await?;
    sqlx::query(ROW).fetch_one(&mut connection).await?;
    let taken = begun.elapsed();
    connection.close().await?;
    branch.close().await?;
    Ok(taken)
}

async fn copy(server: &TestBranch, admin: &mut PgConnection) -> Result<Duration> {
    database(server, admin, "CREATE DATABASE test TEMPLATE template_of_tests", "").await
}

async fn migrated(server: &TestBranch, admin: &mut PgConnection) -> Result<Duration> {
    database(server, admin, "CREATE DATABASE test", DEMONSTRATION).await
}

async fn database(
    server: &TestBranch,
    admin: &mut PgConnection,
    create: &'static str,
    migration: &'static str,
) -> Result<Duration> {
    let begun = Instant::now();
    admin.execute(create).await?;
    let mut connection = server.connect().database("test").await?;
    if !migration.is_empty() {
        connection.execute(migration).await?;
    }
    sqlx::query(ROW).fetch_one(&mut connection).await?;
    let taken = begun.elapsed();
    connection.close().await?;
    admin.execute("DROP DATABASE test WITH (FORCE)").await?;
    Ok(taken)
}

/// The time of so many tests at once.
pub(crate) async fn at_once(tests: usize) -> Result<Duration> {
    fresh().await?.close().await?;
    let begun = Instant::now();
    let tasks: Vec<_> = (0..tests).map(|_| tokio::spawn(branch())).collect();
    for task in tasks {
        task.await??;
    }
    Ok(begun.elapsed())
}
