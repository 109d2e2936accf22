//! A PostgreSQL as people run it, to compare with: no branches, no gateway.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use lakebase::{ConnectionInfo, model::BranchInfo};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::ExposeSecret as _;
use sqlx::{
    Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{Result, disk::Disk, pgbouncer::PgBouncer, processes};

/// Where a client program connects to.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) database: String,
    pub(crate) password: String,
}

impl Target {
    pub(crate) async fn gateway(info: &ConnectionInfo) -> Result<Self> {
        Ok(Self {
            host: info.host.clone(),
            port: info.port,
            user: info.user.clone(),
            database: info.database.clone(),
            password: info.password().await?.token.expose_secret().to_owned(),
        })
    }

    /// A session over TLS in a database of it.
    pub(crate) async fn connect(&self, database: &str) -> Result<PgConnection> {
        let options = PgConnectOptions::new_without_pgpass()
            .host(&self.host)
            .port(self.port)
            .username(&self.user)
            .database(database)
            .ssl_mode(PgSslMode::Require);
        Ok(PgConnection::connect_with(&options).await?)
    }

    /// Runs a client program; returns its standard output.
    pub(crate) async fn run(&self, program: &Path, arguments: &[&str]) -> Result<String> {
        let output = Command::new(program)
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
            .map_err(|error| format!("{}: {error}", program.display()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(format!("{}: {}", program.display(), String::from_utf8_lossy(&output.stderr).trim()).into())
    }
}

/// With the version and the settings of a compute.
pub(crate) struct Plain {
    pub(crate) target: Target,
    child: Child,
    programs: PathBuf,
    owner: (u32, u32),
    dir: TempDir,
}

impl Plain {
    /// As the account that runs the computes, with the settings of the compute of this branch.
    pub(crate) async fn like(branch: &BranchInfo, disk: &Disk) -> Result<Self> {
        let uid = branch.uid.as_ref().ok_or("the branch has no uid")?;
        let compute = processes::working_in(uid)?.into_iter().next().ok_or("the compute does not run")?;
        let (programs, like) = (processes::programs(&compute)?, fs::read_link(compute.join("cwd"))?);
        let dir = tempfile::Builder::new().prefix("plain-").tempdir_in(&disk.dir)?;
        let owner = fs::metadata(&like)?;
        let owner = (owner.uid(), owner.gid());
        chown(dir.path(), Some(owner.0), Some(owner.1))?;
        let made = as_account(&programs.join("initdb"), dir.path(), owner)
            .args(["--username", "bench", "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8"])
            .args(["--wal-segsize", "1", "--data-checksums", "--no-sync", "--pgdata", "data"])
            .status()
            .await?;
        if !made.success() {
            return Err("initdb of the PostgreSQL to compare with failed".into());
        }
        let data = dir.path().join("data");
        configure(&data, &like, dir.path())?;
        for entry in fs::read_dir(&data)? {
            chown(entry?.path(), Some(owner.0), Some(owner.1))?;
        }
        let (child, port) = serve(&programs, dir.path(), "data", owner).await?;
        let target = Target {
            host: "127.0.0.1".to_owned(),
            port,
            user: "bench".to_owned(),
            database: "postgres".to_owned(),
            password: String::new(),
        };
        Ok(Self { target, child, programs, owner, dir })
    }

    /// Another server on the data in `name`, a directory in that of this one.
    pub(crate) async fn copy(&self, name: &str) -> Result<(Child, Target)> {
        let (child, port) = serve(&self.programs, self.dir.path(), name, self.owner).await?;
        Ok((child, Target { port, ..self.target.clone() }))
    }

    pub(crate) async fn pgbouncer(&self) -> Result<Option<PgBouncer>> {
        let dir = self.dir.path();
        PgBouncer::start(dir, self.target.port, &dir.join("data"), self.owner).await
    }

    /// Beside the server's programs, else where the system has it.
    pub(crate) fn client_program(&self, name: &str) -> PathBuf {
        let beside = self.programs.join(name);
        if beside.exists() { beside } else { PathBuf::from(name) }
    }

    /// A program of the server's, as its account, in the directory that `data` lies in.
    pub(crate) fn program(&self, name: &str) -> Command {
        as_account(&self.client_program(name), self.dir.path(), self.owner)
    }

    /// A path beside the data of this server.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) async fn stop(mut self) -> Result<()> {
        stop(&mut self.child).await
    }
}

/// Waits until it has ended.
pub(crate) async fn stop(server: &mut Child) -> Result<()> {
    let pid = server.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    kill_process(pid.ok_or("a PostgreSQL to compare with ended by itself")?, Signal::INT)?;
    server.wait().await?;
    Ok(())
}

fn as_account(program: &Path, dir: &Path, owner: (u32, u32)) -> Command {
    let mut command = Command::new(program);
    // Clients look for certificates in the home directory.
    command.env("HOME", dir).current_dir(dir).kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::null());
    if rustix::process::geteuid().is_root() {
        command.uid(owner.0).gid(owner.1);
    }
    command
}

/// Starts PostgreSQL on a port of its own and waits until it takes logins.
async fn serve(programs: &Path, dir: &Path, data: &str, owner: (u32, u32)) -> Result<(Child, u16)> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let log = dir.join(data).with_extension("log");
    let mut child = as_account(&programs.join("postgres"), dir, owner)
        .args(["-D", data, "-c", &format!("port={port}")])
        .stderr(fs::File::create(&log)?)
        .spawn()?;
    // Its own file says when it is ready; the eighth line is its state.
    let state = dir.join(data).join("postmaster.pid");
    let ours = child.id().map(|id| id.to_string());
    loop {
        let text = fs::read_to_string(&state).unwrap_or_default();
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        if lines.first().copied() == ours.as_deref() && lines.get(7) == Some(&"ready") {
            return Ok((child, port));
        }
        if child.try_wait()?.is_some() {
            let log = fs::read_to_string(log).unwrap_or_default();
            return Err(format!("the PostgreSQL to compare with did not start: {log}").into());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn configure(data: &Path, like: &Path, socket: &Path) -> Result<()> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    fs::write(data.join("server.crt"), made.cert.pem())?;
    fs::write(data.join("server.key"), made.signing_key.serialize_pem())?;
    fs::set_permissions(data.join("server.key"), fs::Permissions::from_mode(0o600))?;
    let settings = fs::read_to_string(like.join("postgresql.conf"))?;
    let own = format!(
        "{settings}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nssl = on\n",
        socket.display()
    );
    fs::write(data.join("postgresql.conf"), own)?;
    // The directory of the socket can be entered by its owner alone.
    let rules = "hostssl all all 127.0.0.1/32 trust\nhostssl replication all 127.0.0.1/32 trust\nlocal all all trust\n";
    Ok(fs::write(data.join("pg_hba.conf"), rules)?)
}
