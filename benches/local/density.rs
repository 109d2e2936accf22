//! Many branches of one project: made and queried, asleep, listed, and there again after a start.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use lakebase::{local::Durability, model::BranchInfo};

use super::{
    Effort, Result,
    branches::DEMONSTRATION_ROW,
    disk::Disk,
    fixture::Fixture,
    processes, serve,
    table::{
        Goal, Table,
        Unit::{Megabytes, Milliseconds, Percent, Seconds},
        milliseconds,
    },
};

/// Beyond the limit of the service.
const MAX_BRANCHES: usize = 2000;
/// Computes sleep after a day without a query. At this many times the speed of the clock it is after five seconds, and no
/// source keeps a spare.
const IDLE_TIME_SCALE: u32 = 86_400 / 5;
const ASLEEP_WITHIN: Duration = Duration::from_secs(120);
const IDLE_FOR: Duration = Duration::from_secs(20);
const LISTS: usize = 11;
const DIRECTORY: &str = "many";

/// Few branches for an idle server, as many as the service allows for lists and starts, and all.
pub(crate) async fn many(
    disk: &Disk,
    durability: Durability,
    effort: &Effort,
    table: &mut Table,
) -> Result<()> {
    let what = format!("{} branches made, each queried once, {}", effort.density[2], disk.name);
    if disk.name != "XFS" || durability == Durability::Full || !table.wants(&what) {
        return Ok(());
    }
    let mut making = Duration::ZERO;
    let mut server = Server::start(disk, durability).await?;
    let [few, middle, all] = effort.density;
    making += server.make_up_to(few).await?;
    server.await_asleep().await?;
    idle(few, table).await?;
    making += server.make_up_to(middle).await?;
    server.list(middle, table).await?;
    server.fixture.close().await;
    let name = format!("serve with {middle} branches → ready");
    let mut starts = Vec::new();
    for _ in 0..effort.serves {
        starts.push(serve::time_to_ready(&disk.dir.join(DIRECTORY), durability.to_string()).await?);
    }
    table.add(&name, Goal::AtMost(300.0), Milliseconds, starts);
    server = Server::start(disk, durability).await?;
    making += server.make_up_to(all).await?;
    let memory = processes::private_memory(&processes::working_in(DIRECTORY)?)? + own_memory()?;
    table.add(&what, Goal::AtMost(all as f64 * 0.07), Seconds, vec![making.as_secs_f64()]);
    let gigabytes = memory as f64 / f64::from(1 << 20);
    table.add("  private memory of all processes then", Goal::AtMost(2048.0), Megabytes, vec![gigabytes]);
    server.list(all, table).await?;
    server.fixture.close().await;
    std::fs::remove_dir_all(disk.dir.join(DIRECTORY))?;
    Ok(())
}

struct Server {
    fixture: Fixture,
    source: BranchInfo,
}

impl Server {
    async fn start(disk: &Disk, durability: Durability) -> Result<Self> {
        let fixture = Fixture::start(durability, &disk.dir.join(DIRECTORY), |builder| {
            builder.max_branches(MAX_BRANCHES).idle_time_scale(IDLE_TIME_SCALE)
        })
        .await?;
        let source = fixture.demonstration().await?;
        Ok(Self { fixture, source })
    }

    /// Makes branches one after the other, and queries each; returns how long that took.
    async fn make_up_to(&self, count: usize) -> Result<Duration> {
        let project = self.fixture.lakebase.project("demonstration")?;
        let begun = Instant::now();
        for _ in project.branches().await?.len()..=count {
            self.fixture.branch(&self.source, DEMONSTRATION_ROW).await?;
        }
        Ok(begun.elapsed())
    }

    async fn await_asleep(&self) -> Result<()> {
        let begun = Instant::now();
        while !processes::working_in(DIRECTORY)?.is_empty() {
            if begun.elapsed() > ASLEEP_WITHIN {
                return Err("the computes do not go to sleep".into());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    async fn list(&self, count: usize, table: &mut Table) -> Result<()> {
        let project = self.fixture.lakebase.project("demonstration")?;
        let mut samples = Vec::new();
        for _ in 0..LISTS {
            let begun = Instant::now();
            let listed = project.branches().await?.len();
            samples.push(milliseconds(begun.elapsed()));
            if listed <= count {
                return Err(format!("{listed} branches are listed, of {count} and the source").into());
            }
        }
        let goal = Goal::AtMost(count as f64 * 0.1);
        table.add(&format!("list {count} branches"), goal, Milliseconds, samples);
        Ok(())
    }
}

/// Processor time and writes of this process, in which the server is, while nothing is asked of it.
async fn idle(branches: usize, table: &mut Table) -> Result<()> {
    let (cpu, written) = (processes::running_time()?, written()?);
    tokio::time::sleep(IDLE_FOR).await;
    let (cpu, written) = (processes::running_time()?.saturating_sub(cpu), self::written()? - written);
    let share = cpu.as_secs_f64() / IDLE_FOR.as_secs_f64() * 100.0;
    let name = format!("idle server, {branches} branches asleep: of one core");
    table.add(&name, Goal::AtMost(0.1), Percent, vec![share]);
    table.add("  written to disks meanwhile", Goal::AtMost(0.0), Megabytes, vec![written as f64 / 1e6]);
    Ok(())
}

/// Bytes that this process had written to disks.
fn written() -> Result<u64> {
    let counters = std::fs::read_to_string("/proc/self/io")?;
    let bytes = counters.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    Ok(bytes.ok_or("no count of written bytes")?.parse()?)
}

fn own_memory() -> Result<u64> {
    processes::private_memory(&[Path::new("/proc/self").to_owned()])
}
