//! A real PostgreSQL in a directory of its own.

use std::{
    net::SocketAddr,
    os::unix::fs::{PermissionsExt as _, chown},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use tokio::{
    net::UnixStream,
    process::{Child, Command},
};

/// Ends with the value, and so does its directory.
pub(super) struct Postgres {
    programs: PathBuf,
    owner: Option<(u32, u32)>,
    dir: tempfile::TempDir,
    child: Option<Child>,
}

impl Postgres {
    pub(super) async fn start(settings: &[&str]) -> Postgres {
        let programs = programs().expect("a PostgreSQL is installed, or LAKEBASE_PG_BIN names its programs");
        let owner = owner();
        let dir = tempfile::Builder::new().prefix("lakebase-gw").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        if let Some((user, group)) = owner {
            chown(dir.path(), Some(user), Some(group)).unwrap();
        }
        let mut postgres = Postgres { programs, owner, dir, child: None };
        let made = postgres
            .command("initdb")
            .args(["-N", "-A", "trust", "-U", "postgres", "-D"])
            .arg(postgres.data())
            .output()
            .await
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        postgres.run(settings).await;
        postgres
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.dir.path().join(".s.PGSQL.5432")
    }

    /// SIGKILL to the postmaster and all it has.
    pub(super) async fn kill(&mut self) {
        let child = self.child.as_mut().expect("running");
        child.kill().await.unwrap();
    }

    pub(super) async fn pgbench_tables(&self) {
        let made = Command::new("pgbench")
            .args(["-i", "-q", "-s", "10", "-U", "postgres", "-h"])
            .arg(self.dir.path())
            .arg("postgres")
            .output()
            .await
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    }

    /// Has it listen with TLS of its own on TCP as well.
    pub(super) async fn with_tls(&self) -> SocketAddr {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate =
            rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        for (name, text) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
            let path = self.data().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            if let Some((user, group)) = self.owner {
                chown(&path, Some(user), Some(group)).unwrap();
            }
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        // Settings of the postmaster need a restart.
        let mut stop = self.command("pg_ctl");
        stop.args(["restart", "-w", "-m", "fast", "-l", "/dev/null", "-D"]).arg(self.data()).arg("-o").arg(
            format!(
                "-k {} -c listen_addresses=127.0.0.1 -p {} -c ssl=on -c fsync=off",
                self.dir.path().display(),
                port.port()
            ),
        );
        let done =
            stop.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().await.unwrap();
        assert!(done.success());
        let link = self.dir.path().join(format!(".s.PGSQL.{}", port.port()));
        std::os::unix::fs::symlink(link, self.socket()).unwrap();
        port
    }

    async fn run(&mut self, settings: &[&str]) {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).arg("-k").arg(self.dir.path());
        for setting in ["listen_addresses=", "fsync=off", "max_connections=100"].iter().chain(settings) {
            command.args(["-c", setting]);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.child = Some(child);
        let ready = async {
            while UnixStream::connect(self.socket()).await.is_err() || !self.answers().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), ready).await.expect("PostgreSQL starts");
    }

    async fn answers(&self) -> bool {
        let dir = self.dir.path();
        let psql =
            Command::new("psql").args(["-XU", "postgres", "-c", "select 1", "-h"]).arg(dir).output().await;
        psql.unwrap().status.success()
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.dir.path()).kill_on_drop(true);
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // It may have been restarted under another process id.
        let pid_file = self.data().join("postmaster.pid");
        let Ok(text) = std::fs::read_to_string(&pid_file) else { return };
        let pid =
            text.lines().next().and_then(|line| line.parse().ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // Immediate shutdown; it takes its children with it.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
            for _ in 0..200 {
                if !pid_file.exists() || rustix::process::test_kill_process(pid).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// Transactions per second of `pgbench -S` with eight clients and TLS.
pub(super) async fn pgbench(address: SocketAddr, password: Option<&str>) -> f64 {
    let output = Command::new("pgbench")
        .args(["-S", "-n", "-c", "8", "-j", "2", "-T", "10", "-U", "postgres", "-h"])
        .arg(address.ip().to_string())
        .args(["-p", &address.port().to_string(), "postgres"])
        .env("PGSSLMODE", "require")
        .env("PGPASSWORD", password.unwrap_or_default())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.unwrap_or_else(|| panic!("{output:?}"));
    rate.split_whitespace().next().unwrap().parse().unwrap()
}

fn programs() -> Option<PathBuf> {
    let given = std::env::var_os("LAKEBASE_PG_BIN").map(PathBuf::from);
    let debian = (15..=18).rev().map(|major| PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")));
    let path = std::env::var_os("PATH").unwrap_or_default();

    given
        .into_iter()
        .chain(debian)
        .chain(std::env::split_paths(&path))
        .find(|dir| dir.join("initdb").exists())
}

/// The account that runs it: PostgreSQL refuses to run as root.
fn owner() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = users.lines().find(|line| line.starts_with("postgres:")).expect("a user for PostgreSQL");
    let mut fields = line.split(':').skip(2).map(|field| field.parse().unwrap());
    Some((fields.next().unwrap(), fields.next().unwrap()))
}
