//! The gateway beside PostgreSQL's own TLS: `pgbench -S` through either, in turns, and through PgBouncer where
//! it is installed.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use lakebase::ConnectionInfo;
use rustix::process::{Pid, Signal, kill_process};
use secrecy::ExposeSecret as _;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{
    Effort, Result,
    disk::Disk,
    pgbouncer::PgBouncer,
    processes,
    stage::Stage,
    table::{Goal, Table, Unit::Ratio, median},
};

const CLIENTS: &str = "8";

/// Transactions per second through the gateway, divided by those without it.
pub(crate) async fn ratio(stage: &Stage, disk: &Disk, effort: &Effort, table: &mut Table) -> Result<()> {
    let what = format!("pgbench -S, {CLIENTS} clients, gateway ÷ direct, both TLS, {}", disk.name);
    if !table.wants(&what) {
        return Ok(());
    }
    let production = stage.project("pgbench", async |_| Ok(())).await?;
    let uid = production.uid.clone().ok_or("the branch has no uid")?;
    let compute = processes::working_in(&uid)?.into_iter().next().ok_or("the compute does not run")?;
    let (programs, data) = (processes::programs(&compute)?, fs::read_link(compute.join("cwd"))?);
    let pgbench = pgbench_of(&programs);
    let direct = Direct::start(&programs, &data, disk).await?;
    let peer = direct.pgbouncer().await?;
    if peer.is_none() {
        eprintln!("\nNOT MEASURED: PgBouncer beside the gateway, because pgbouncer is not installed\n");
    }
    let info = production.connection_info().await?;
    let gateway = Target::gateway(&info).await?;
    for target in [&gateway, &direct.target] {
        target.run(&pgbench, &["-i", "-s", "10", "-q"]).await?;
    }
    let seconds = effort.pgbench_seconds.to_string();
    let load = ["-S", "-c", CLIENTS, "-j", "2", "-T", &seconds];
    let (mut through, mut without, mut pooled) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..effort.pgbench_rounds {
        through.push(rate(&gateway.run(&pgbench, &load).await?)?);
        without.push(rate(&direct.target.run(&pgbench, &load).await?)?);
        if let Some(peer) = &peer {
            let target = Target { port: peer.port, ..direct.target.clone() };
            pooled.push(rate(&target.run(&pgbench, &load).await?)?);
        }
    }
    drop(peer);
    direct.stop().await?;
    let (Some(a), Some(b)) = (median(&through), median(&without)) else { return Err("no rounds".into()) };
    eprintln!("transactions per second: gateway {a:.0}, direct {b:.0}");
    let ratios = |rates: &[f64]| rates.iter().zip(&without).map(|(a, b)| a / b).collect();
    table.add(&what, Goal::AtLeast(0.8), Ratio, ratios(&through));
    if !pooled.is_empty() {
        let what = format!("for comparison: pgbench -S, PgBouncer ÷ direct, both TLS, {}", disk.name);
        table.add(&what, Goal::None, Ratio, ratios(&pooled));
    }
    Ok(())
}

/// Where pgbench connects to.
#[derive(Clone)]
struct Target {
    host: String,
    port: u16,
    user: String,
    database: String,
    password: String,
}

impl Target {
    async fn gateway(info: &ConnectionInfo) -> Result<Self> {
        Ok(Self {
            host: info.host.clone(),
            port: info.port,
            user: info.user.clone(),
            database: info.database.clone(),
            password: info.password().await?.token.expose_secret().to_owned(),
        })
    }

    async fn run(&self, pgbench: &Path, arguments: &[&str]) -> Result<String> {
        let output = Command::new(pgbench)
            .args(arguments)
            .env("PGHOST", &self.host)
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", &self.user)
            .env("PGDATABASE", &self.database)
            .env("PGPASSWORD", &self.password)
            .env("PGSSLMODE", "require")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| format!("{}: {error}", pgbench.display()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(format!("pgbench: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
    }
}

/// `tps = 12345.678 (without initial connection time)`
fn rate(output: &str) -> Result<f64> {
    let line = output.lines().find_map(|line| line.strip_prefix("tps = ")).ok_or("pgbench gave no rate")?;
    Ok(line.split(' ').next().unwrap_or_default().parse()?)
}

/// Beside the server's programs, else where the system has it.
fn pgbench_of(programs: &Path) -> PathBuf {
    let beside = programs.join("pgbench");
    if beside.exists() { beside } else { PathBuf::from("pgbench") }
}

/// A PostgreSQL of the same version and settings that clients reach without a gateway.
struct Direct {
    child: Child,
    target: Target,
    owner: (u32, u32),
    dir: TempDir,
}

impl Direct {
    /// As the account that runs the computes, with the settings of the compute that works in `like`.
    async fn start(programs: &Path, like: &Path, disk: &Disk) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("direct-").tempdir_in(&disk.dir)?;
        let owner = fs::metadata(like)?;
        let owner @ (uid, gid) = (owner.uid(), owner.gid());
        chown(dir.path(), Some(uid), Some(gid))?;
        let data = dir.path().join("data");
        let program = |name: &str| {
            let mut command = Command::new(programs.join(name));
            command.current_dir(dir.path()).kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::null());
            if rustix::process::geteuid().is_root() {
                command.uid(uid).gid(gid);
            }
            command
        };
        let made = program("initdb")
            .args(["--username", "bench", "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8"])
            .args(["--wal-segsize", "1", "--data-checksums", "--no-sync", "--pgdata"])
            .arg(&data)
            .status()
            .await?;
        if !made.success() {
            return Err("initdb of the PostgreSQL to compare with failed".into());
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        configure(&data, like, dir.path(), port)?;
        for entry in fs::read_dir(&data)? {
            chown(entry?.path(), Some(uid), Some(gid))?;
        }
        let log = fs::File::create(dir.path().join("log"))?;
        let child = program("postgres").arg("-D").arg(&data).stderr(log).spawn()?;
        let target = Target {
            host: "127.0.0.1".to_owned(),
            port,
            user: "bench".to_owned(),
            database: "postgres".to_owned(),
            password: String::new(),
        };
        let direct = Self { child, target, owner, dir };
        for _ in 0..200 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(200)).await;
                return Ok(direct);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let log = fs::read_to_string(direct.dir.path().join("log")).unwrap_or_default();
        Err(format!("the PostgreSQL to compare with did not start: {log}").into())
    }

    async fn pgbouncer(&self) -> Result<Option<PgBouncer>> {
        let dir = self.dir.path();
        PgBouncer::start(dir, self.target.port, &dir.join("data"), self.owner).await
    }

    async fn stop(mut self) -> Result<()> {
        let pid = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        kill_process(pid.ok_or("the PostgreSQL to compare with ended by itself")?, Signal::INT)?;
        self.child.wait().await?;
        Ok(())
    }
}

fn configure(data: &Path, like: &Path, dir: &Path, port: u16) -> Result<()> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    fs::write(data.join("server.crt"), made.cert.pem())?;
    fs::write(data.join("server.key"), made.signing_key.serialize_pem())?;
    fs::set_permissions(data.join("server.key"), fs::Permissions::from_mode(0o600))?;
    let settings = fs::read_to_string(like.join("postgresql.conf"))?;
    let own = format!(
        "{settings}\nlisten_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\nssl = on\n",
        dir.display()
    );
    fs::write(data.join("postgresql.conf"), own)?;
    // The directory can be entered by its owner alone.
    let rules = "hostssl all all 127.0.0.1/32 trust\nlocal all all trust\n";
    Ok(fs::write(data.join("pg_hba.conf"), rules)?)
}
