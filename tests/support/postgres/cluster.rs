//! A PostgreSQL server of its own: on a Unix socket in a directory that goes with it.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};

use super::programs::{self, Account};
use crate::support::{
    child::{output, output_of},
    reaper::Reaper,
};

const SETTINGS: [&str; 12] = [
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "autovacuum=off",
    "jit=off",
    "wal_level=logical",
    "shared_buffers=64MB",
    "max_connections=100",
    "max_locks_per_transaction=256",
    "max_wal_size=4GB",
    "checkpoint_timeout=1h",
];

/// A running server.
pub(crate) struct Cluster {
    _reaper: Reaper,
    directory: PathBuf,
    binaries: PathBuf,
    psql: PathBuf,
    pg_dump: Option<PathBuf>,
    account: Option<Account>,
    pub(crate) major: u32,
}

static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());

/// The server that the tests running now share; the last test that holds it removes it.
pub(crate) fn shared() -> Arc<Cluster> {
    let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(cluster) = shared.upgrade() {
        return cluster;
    }
    let cluster = private();
    *shared = Arc::downgrade(&cluster);
    cluster
}

/// A server that no other test uses.
pub(crate) fn private() -> Arc<Cluster> {
    Arc::new(Cluster::create(programs::server()))
}

/// A server of another major version than the one that the tests share.
pub(crate) fn of_another_version(major: u32) -> Arc<Cluster> {
    let programs = programs::server_of_another_version(major);
    Arc::new(Cluster::create(programs.expect("a PostgreSQL of a second major version is needed")))
}

impl Cluster {
    fn create(binaries: PathBuf) -> Self {
        let account = Account::of_postgres();
        let directory = new_directory(account);
        let mut initdb = Command::new(binaries.join("initdb"));
        initdb.args([
            "--no-sync",
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]);
        initdb.arg("-D").arg(directory.join("data"));
        let made = output(run_as(&mut initdb, account).current_dir(&directory));
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let cluster = Self::start(binaries, directory, account);
        cluster.execute(
            "CREATE ROLE alice; CREATE ROLE bob; CREATE ROLE app_reader; CREATE ROLE \"jane.doe@example.com\";
             CREATE ROLE \"weird role\"; CREATE ROLE \"ünï\"; CREATE ROLE \"first.last@example.com\" SUPERUSER",
        );
        cluster.execute("SET allow_in_place_tablespaces = on; CREATE TABLESPACE lakebase_space LOCATION ''");
        cluster
    }

    fn start(binaries: PathBuf, directory: PathBuf, account: Option<Account>) -> Self {
        let mut server = vec![binaries.join("postgres"), "-D".into(), directory.join("data")];
        server.extend(["-k".into(), directory.clone()]);
        server.extend(SETTINGS.iter().flat_map(|setting| ["-c".into(), PathBuf::from(setting)]));
        let mut shell = Command::new("/bin/sh");
        run_as(&mut shell, account);
        let major = programs::major_version(&binaries.join("postgres"));
        let cluster = Self {
            _reaper: Reaper::start(shell, &directory, server),
            psql: programs::client(&binaries, "psql", 0).expect("psql is installed"),
            pg_dump: programs::client(&binaries, "pg_dump", major),
            directory,
            binaries,
            account,
            major,
        };
        cluster.wait_until_ready();
        cluster
    }

    /// A physical copy of this server that runs beside it: what a branch is.
    ///
    /// Nothing may be written to this one meanwhile.
    pub(crate) fn branch(&self) -> Self {
        self.execute("CHECKPOINT");
        let directory = new_directory(self.account);
        let mut copy = Command::new("cp");
        copy.arg("-a").arg(self.directory.join("data")).arg(directory.join("data"));
        assert!(output(run_as(&mut copy, self.account)).status.success(), "copy of a data directory");
        std::fs::remove_file(directory.join("data/postmaster.pid")).expect("the copy of a running server");
        Self::start(self.binaries.clone(), directory, self.account)
    }

    fn wait_until_ready(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.psql("postgres", "SELECT 1").is_ok_and(|answer| answer.trim() == "1") {
            let log = || std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "PostgreSQL does not start: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs SQL in `postgres` and insists that it works.
    pub(crate) fn execute(&self, sql: &str) {
        self.psql("postgres", sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Runs a script through `psql`; its output, or its errors.
    pub(crate) fn psql(&self, database: &str, script: &str) -> Result<String, String> {
        use std::io::Write;
        let mut child = self
            .client(&self.psql, database)
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("psql runs");
        let mut input = child.stdin.take().expect("piped");
        let script = script.to_owned();
        // psql may stop reading at the first error, which closes the pipe.
        let writer = std::thread::spawn(move || drop(input.write_all(script.as_bytes())));
        let output = output_of(child);
        writer.join().expect("the writer does not panic");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// The output of `pg_dump --schema-only`.
    pub(crate) fn dump(&self, database: &str) -> String {
        let needed = || format!("a pg_dump of PostgreSQL {} or newer is needed", self.major);
        let pg_dump = self.pg_dump.as_ref().unwrap_or_else(|| panic!("{}", needed()));
        let output = output(self.client(pg_dump, database).arg("--schema-only"));
        assert!(output.status.success(), "pg_dump {database}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn client(&self, program: &Path, database: &str) -> Command {
        let mut command = Command::new(program);
        command.env("PGHOST", &self.directory).env("PGUSER", "postgres").env("PGDATABASE", database);
        command.env("PGOPTIONS", "-c client_min_messages=warning").env("LC_ALL", "C");
        command
    }

    pub(crate) async fn connect(&self, database: &str) -> PgConnection {
        let options = PgConnectOptions::new_without_pgpass().socket(&self.directory);
        let options = options.username("postgres").database(database).disable_statement_logging();
        PgConnection::connect_with(&options)
            .await
            .unwrap_or_else(|error| panic!("connect to {database}: {error}"))
    }

    /// The socket that the server listens on.
    #[allow(dead_code, reason = "only a bench needs it")]
    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.join(".s.PGSQL.5432")
    }

    /// A URL that the crate's example programs understand.
    pub(crate) fn url(&self, database: &str) -> String {
        let host = self.directory.to_string_lossy().replace('/', "%2F");
        format!("postgres://postgres@{host}/{database}")
    }
}

fn new_directory(account: Option<Account>) -> PathBuf {
    let directory =
        tempfile::Builder::new().prefix("lakebase-postgres-").tempdir().expect("a directory").keep();
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).expect("our own directory");
    if let Some(Account { uid, gid }) = account {
        chown(&directory, Some(uid), Some(gid)).expect("root gives its directory away");
    }
    directory
}

fn run_as(command: &mut Command, account: Option<Account>) -> &mut Command {
    match account {
        Some(Account { uid, gid }) => command.uid(uid).gid(gid),
        None => command,
    }
}
