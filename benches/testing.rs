//! The cost of a branch for each test and of a promotion, beside the alternatives, in one run.
//!
//! ```text
//! cargo bench --bench testing                         # also: -- --quick, -- --filter promotion
//! ```
//!
//! Works as the bench `local` does: in the temporary directory and, as root and with `mkfs.xfs`, on an XFS image.

#[path = "support/mod.rs"]
mod support;

use std::{
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use clap::Parser;
use lakebase::{
    Branch, Expiry, hours,
    migrate::{Migration, PromotionReport},
    testing::{self, TestBranch},
};
use sqlx::{Connection as _, Executor as _, PgConnection};

use support::{
    Result,
    disk::Disk,
    table::{Goal, Table, Unit, milliseconds},
};

const DEMONSTRATION: &str = include_str!("../examples/shared/ecommerce.sql");
const ROW: &str = "SELECT name FROM ecommerce.products LIMIT 1";

#[derive(Parser)]
struct Arguments {
    /// Few runs
    #[arg(long)]
    quick: bool,
    /// Only rows whose name has this in it
    #[arg(long, default_value = "")]
    filter: String,
    /// Measures in the temporary directory, and prints one line a row for the process that puts the table together
    #[arg(long, hide = true)]
    disk: Option<String>,
    /// Said by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// The measured rows; child processes are told the index of theirs.
const ROWS: [(&str, Unit); 6] = [
    ("fresh test branch with the demo data, connected", Unit::Milliseconds),
    ("  CREATE DATABASE … TEMPLATE of the same data, connected", Unit::Milliseconds),
    ("  CREATE DATABASE and the same data as a migration (sqlx::test), connected", Unit::Milliseconds),
    ("200 tests at once, each with a branch and a query", Unit::Seconds),
    ("promotion: what it takes beyond the statements on the target", Unit::Milliseconds),
    ("  the whole promotion", Unit::Milliseconds),
];

fn goal(row: usize, disk: &str) -> Goal {
    match (row, disk) {
        (0, "XFS") => Goal::AtMost(80.0),
        (0, _) => Goal::AtMost(150.0),
        (4, _) => Goal::AtMost(1000.0),
        _ => Goal::None,
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.disk {
        Some(disk) => measure(&arguments, disk).await,
        None => on_each_disk(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The server of the tests lies in the temporary directory, so each disk is the one of a process.
fn on_each_disk(arguments: &Arguments) -> Result<()> {
    let mut table = Table::new(&arguments.filter);
    let plain = Disk::temporary()?;
    let mut disks = vec![plain];
    if disks.iter().all(|disk| disk.name != "XFS") {
        match Disk::xfs(&[]) {
            Ok(xfs) => disks.push(xfs),
            Err(why) => eprintln!("\nNOT MEASURED ON XFS: {why}\n"),
        }
    }
    let mut done = Ok(());
    for disk in &disks {
        let mut process = Command::new(std::env::current_exe()?);
        process.args(["--disk", disk.name, "--filter", &arguments.filter]).env("TMPDIR", &disk.dir);
        process.args(arguments.quick.then_some("--quick")).stdout(Stdio::piped());
        let output = process.spawn()?.wait_with_output()?;
        for line in String::from_utf8(output.stdout)?.lines() {
            let mut fields = line.split('\t');
            let row: usize = fields.next().unwrap_or_default().parse()?;
            let samples = fields.map(str::parse).collect::<Result<Vec<f64>, _>>()?;
            let Some((what, unit)) = ROWS.get(row) else { continue };
            table.add(&format!("{what}, {}", disk.name), goal(row, disk.name), *unit, samples);
        }
        if !output.status.success() {
            done = Err(format!("measuring on {} failed", disk.name).into());
        }
        wait_for_the_end(disk)?;
    }
    table.print();
    done
}

/// The directory of the tests is removed after the process that used it.
fn wait_for_the_end(disk: &Disk) -> Result<()> {
    for _ in 0..100 {
        if std::fs::read_dir(&disk.dir)?.next().is_none() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

async fn measure(arguments: &Arguments, disk: &str) -> Result<()> {
    let runs = if arguments.quick { 7 } else { 31 };
    let table = Table::new(&arguments.filter);
    let wanted = |row: usize| ROWS.get(row).is_some_and(|(what, _)| table.wants(&format!("{what}, {disk}")));
    if (0..3).any(wanted) {
        let mut samples = [const { Vec::new() }; 3];
        let server = fresh().await?;
        let mut admin = server.connect().await?;
        admin.execute("CREATE DATABASE template_of_tests").await?;
        let mut template = server.connect().database("template_of_tests").await?;
        template.execute(DEMONSTRATION).await?;
        template.close().await?;
        // One of each in turn; the first round warms up what the others find warm.
        for run in 0..=runs {
            let round =
                [branch().await?, copy(&server, &mut admin).await?, migrated(&server, &mut admin).await?];
            if run > 0 {
                samples.iter_mut().zip(round).for_each(|(samples, taken)| samples.push(milliseconds(taken)));
            }
        }
        admin.close().await?;
        server.close().await?;
        samples.iter().enumerate().for_each(|(row, samples)| print(row, samples));
    }
    if wanted(3) {
        print(3, &[many(200).await?.as_secs_f64()]);
    }
    if wanted(4) || wanted(5) {
        let [mut beyond, mut whole] = [const { Vec::new() }; 2];
        let production = production().await?;
        for run in 0..=runs.min(11) {
            let (report, taken) = promote(&production, run).await?;
            let applied = report.applied.iter().flat_map(|applied| &applied.migrations);
            let own: Duration = applied.flat_map(|m| &m.statements).map(|statement| statement.duration).sum();
            if run > 0 {
                beyond.push(milliseconds(taken.saturating_sub(own)));
                whole.push(milliseconds(taken));
            }
        }
        print(4, &beyond);
        print(5, &whole);
    }
    Ok(())
}

fn print(row: usize, samples: &[f64]) {
    let samples: String = samples.iter().map(|sample| format!("\t{sample}")).collect();
    println!("{row}{samples}");
}

async fn fresh() -> Result<TestBranch> {
    let made = testing::branch("bench", async |branch| {
        branch.connect().await?.execute(DEMONSTRATION).await?;
        Ok(())
    });
    Ok(made.await?)
}

async fn branch() -> Result<Duration> {
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

async fn many(tests: usize) -> Result<Duration> {
    fresh().await?.close().await?;
    let begun = Instant::now();
    let tasks: Vec<_> = (0..tests).map(|_| tokio::spawn(branch())).collect();
    for task in tasks {
        task.await??;
    }
    Ok(begun.elapsed())
}

/// The branch that the test branches are made from.
async fn production() -> Result<Branch> {
    let branch = fresh().await?;
    let production = branch.get().await?.source()?;
    branch.close().await?;
    Ok(production)
}

async fn promote(production: &Branch, run: usize) -> Result<(PromotionReport, Duration)> {
    let column = format!("tier_{run}");
    let migration = Migration::new(
        &column,
        format!(
            "ALTER TABLE ecommerce.customers ADD COLUMN {column} text DEFAULT 'bronze';
             CREATE INDEX ON ecommerce.customers ({column})"
        ),
    );
    let id = format!("feature-{run}");
    let feature = production.create_branch(id.as_str(), Expiry::after(hours(1))).await?;
    feature.apply(&migration).await?;
    let begun = Instant::now();
    let report = feature.promote(&migration).await?;
    let taken = begun.elapsed();
    feature.delete().purge().await?;
    Ok((report, taken))
}
