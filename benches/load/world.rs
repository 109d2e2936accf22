//! The server with its projects, branches and sessions.

use std::{
    process::Stdio,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, TryStreamExt as _};
use lakebase::{Branch, Expiry, Lakebase, auth::Env, model::BranchInfo};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use serde_json::Value;
use sqlx::PgConnection;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    sync::Mutex,
};

use super::{
    Size,
    census::Census,
    support::{Result, disk::Disk},
};

/// Branches of one project; the service allows 500.
const BRANCHES_PER_PROJECT: usize = 100;
const AT_ONCE: usize = 8;
/// What a branch writes itself, mostly WAL, while the bench runs.
const MB_PER_BRANCH: u64 = 24;

pub(crate) struct World {
    child: Child,
    pid: u32,
    pub(crate) lakebase: Lakebase,
    /// Branches whose compute is awake.
    awake: Mutex<Vec<Branch>>,
    next: AtomicUsize,
    _disk: Disk,
}

impl World {
    pub(crate) async fn start(size: &Size) -> Result<Self> {
        raise_descriptor_limit(size)?;
        let disk = Disk::xfs(&[size.branches as u64 * MB_PER_BRANCH]).or_else(|why| {
            eprintln!("every branch is a full copy in the temporary directory: {why}");
            Disk::temporary()
        })?;
        let mut child = Command::new(env!("CARGO_BIN_EXE_lakebase-local"))
            .args(["serve", "--listen", "127.0.0.1:0", "--durability", "fast", "--data-dir"])
            .arg(disk.dir.join("data"))
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no output")?;
        let line = BufReader::new(stdout).lines().next_line().await?.ok_or("lakebase-local did not start")?;
        let line: Value = serde_json::from_str(&line)?;
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let lakebase =
            Lakebase::builder().env(Env::empty()).host(text("host")).token(text("token")).build().await?;
        let pid = child.id().ok_or("lakebase-local ended")?;
        Ok(Self {
            child,
            pid,
            lakebase,
            awake: Mutex::new(Vec::new()),
            next: AtomicUsize::new(0),
            _disk: disk,
        })
    }

    /// The process id of the server.
    pub(crate) fn server(&self) -> u32 {
        self.pid
    }

    /// Makes the branches; the computes beyond the wanted number are disabled.
    pub(crate) async fn populate(&self, size: &Size) -> Result<()> {
        let begun = Instant::now();
        for first in (0..size.branches).step_by(BRANCHES_PER_PROJECT) {
            let project = self.lakebase.create_project(format!("load-{first}").as_str()).await?;
            let production = project.default_branch().await?;
            let mut session = production.connect().await?;
            sqlx::raw_sql("CREATE TABLE item AS SELECT generate_series(1, 1000) AS id")
                .execute(&mut session)
                .await?;
            let count = BRANCHES_PER_PROJECT.min(size.branches - first);
            let made =
                futures_util::stream::iter(0..count).map(|n| self.branch(&production, first + n, size));
            made.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
            production.endpoint("primary")?.update().disabled(true).await?;
        }
        eprintln!("{} branches in {:.1?}", size.branches, begun.elapsed());
        Ok(())
    }

    async fn branch(&self, source: &BranchInfo, number: usize, size: &Size) -> Result<()> {
        let branch = source.create_branch(self.fresh_id(), Expiry::Never).await?;
        if number < size.computes {
            self.awake.lock().await.push(branch.into());
        } else {
            branch.endpoint("primary")?.update().disabled(true).await?;
        }
        Ok(())
    }

    /// Sessions that stay open, each with its lock for the worker that uses it.
    pub(crate) async fn open_sessions(&self, size: &Size) -> Result<Vec<Mutex<PgConnection>>> {
        let begun = Instant::now();
        let awake = self.awake.lock().await.clone();
        let opened = futures_util::stream::iter(0..size.sessions).map(|n| {
            let branch = awake[n % awake.len()].clone();
            async move { Ok::<_, lakebase::Error>(Mutex::new(branch.connect().await?)) }
        });
        let opened = opened.buffer_unordered(AT_ONCE).try_collect().await?;
        eprintln!("{} sessions in {:.1?}", size.sessions, begun.elapsed());
        Ok(opened)
    }

    pub(crate) async fn any_awake(&self) -> Branch {
        let awake = self.awake.lock().await;
        awake[fastrand::usize(..awake.len())].clone()
    }

    /// An id that no other branch has.
    pub(crate) fn fresh_id(&self) -> String {
        format!("b-{}", self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Waits until the descriptors of the sessions are given back.
    pub(crate) async fn await_stable(&self) -> Result<Census> {
        let mut last = Census::take(self.pid)?;
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let now = Census::take(self.pid)?;
            if now.descriptors == last.descriptors {
                return Ok(now);
            }
            last = now;
        }
        Ok(last)
    }

    pub(crate) async fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_raw(self.pid.cast_signed()).ok_or("no pid")?, Signal::TERM)?;
        let status = tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await??;
        if status.success() { Ok(()) } else { Err(format!("lakebase-local ended with {status}").into()) }
    }
}

/// The server inherits the limit: a session takes two descriptors there and one here.
fn raise_descriptor_limit(size: &Size) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    let needed = 3 * size.sessions as u64 + 20 * size.branches as u64;
    match limit.maximum {
        Some(most) if most < needed => Err(format!(
            "{needed} descriptors are needed and the hard limit is {most}; raise it with ulimit -n"
        )
        .into()),
        _ => Ok(()),
    }
}
