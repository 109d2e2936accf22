//! One private PostgreSQL for the tests of this process: on a Unix socket in a directory of its own, gone at the end.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};

/// Keeps the server as long as its standard input is open. A pipe closes with the process that holds its other end
/// whatever ended that process, so neither server nor directory outlives the tests, not even after a SIGKILL.
const SUPERVISOR: &str = r#"
trap '' INT TERM HUP
dir=$1; shift
"$@" >"$dir/log" 2>&1 &
read -r _
kill -QUIT $!
wait $!
rm -rf "$dir"
"#;

const SETTINGS: [&str; 12] = [
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "autovacuum=off",
    "jit=off",
    "wal_level=logical",
    "shared_buffers=64MB",
    "max_connections=60",
    "max_locks_per_transaction=256",
    "max_wal_size=4GB",
    "checkpoint_timeout=1h",
];

/// A running server.
pub(super) struct Cluster {
    supervisor: Child,
    directory: PathBuf,
    binaries: PathBuf,
    psql: PathBuf,
    /// None, said loudly, where there is no `pg_dump` that is at least as new as the server.
    pg_dump: Option<PathBuf>,
    user: Option<User>,
    pub(super) major: u32,
}

#[derive(Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());

/// The server that the tests running now share, or none (said loudly) where PostgreSQL is not installed.
///
/// The last test that holds it removes it.
pub(super) fn shared() -> Option<Arc<Cluster>> {
    let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(cluster) = shared.upgrade() {
        return Some(cluster);
    }
    let cluster = private()?;
    *shared = Arc::downgrade(&cluster);
    Some(cluster)
}

/// A server that no other test uses.
pub(super) fn private() -> Option<Arc<Cluster>> {
    let binaries = find_server();
    if binaries.is_none() {
        eprintln!(
            "\n*** SKIPPED: LAKEBASE_PG_BIN, /usr/lib/postgresql/*/bin and PATH have no initdb, postgres and psql ***\n"
        );
    }
    Some(Arc::new(Cluster::create(binaries?)))
}

/// A server of another major version than the one the tests share, or none (said loudly) where there is no other.
pub(super) fn of_another_version(major: u32) -> Option<Arc<Cluster>> {
    let fetched = std::fs::read_dir("/var/cache/lakebase").into_iter().flatten().flatten();
    let fetched = fetched.map(|entry| entry.path().join("bin"));
    let mut found: Vec<(u32, PathBuf)> = installed()
        .into_iter()
        .chain(fetched)
        .filter(|bin| ["initdb", "postgres"].iter().all(|name| bin.join(name).is_file()))
        .map(|bin| (major_version(&bin.join("postgres")), bin))
        .filter(|(version, _)| (15..=18).contains(version) && *version != major)
        .collect();
    found.sort();
    let Some((_, binaries)) = found.pop() else {
        eprintln!("\n*** SKIPPED: no PostgreSQL of another major version than {major} is here ***\n");
        return None;
    };
    Some(Arc::new(Cluster::create(binaries)))
}

impl Cluster {
    fn create(binaries: PathBuf) -> Self {
        let user = database_user();
        let directory = new_directory(user);
        let mut initdb = Command::new(binaries.join("initdb"));
        initdb.args([
            "--no-sync",
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]);
        initdb.arg("-D").arg(directory.join("data"));
        let made = run_as(&mut initdb, user).current_dir(&directory).output().expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let cluster = Self::start(binaries, directory, user);
        cluster.execute("CREATE ROLE alice; CREATE ROLE bob; CREATE ROLE app_reader; CREATE ROLE \"jane.doe@example.com\";");
        cluster.execute("SET allow_in_place_tablespaces = on; CREATE TABLESPACE lakebase_space LOCATION '';");
        cluster
    }

    fn start(binaries: PathBuf, directory: PathBuf, user: Option<User>) -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SUPERVISOR, "sh"]).arg(&directory).arg(binaries.join("postgres"));
        command.arg("-D").arg(directory.join("data")).arg("-k").arg(&directory);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        // A Ctrl-C at the terminal is for the tests; the supervisor hears of it through its pipe.
        run_as(&mut command, user).process_group(0).current_dir(&directory);
        let supervisor = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh runs");
        let major = major_version(&binaries.join("postgres"));
        let psql = find_client(&binaries, "psql", 0).expect("psql is installed beside a server");
        let pg_dump = find_client(&binaries, "pg_dump", major);
        if pg_dump.is_none() {
            eprintln!(
                "\n*** SKIPPED: what pg_dump says, because no pg_dump of PostgreSQL {major} is here ***\n"
            );
        }
        let cluster = Self { supervisor, directory, binaries, psql, pg_dump, user, major };
        cluster.wait_until_ready();
        cluster
    }

    /// A physical copy of this server that runs beside it: what a branch is.
    ///
    /// Nobody may write to this one meanwhile.
    pub(super) fn branch(&self) -> Self {
        self.execute("CHECKPOINT");
        let directory = new_directory(self.user);
        let mut copy = Command::new("cp");
        copy.arg("-a").arg(self.directory.join("data")).arg(directory.join("data"));
        assert!(
            run_as(&mut copy, self.user).status().expect("cp runs").success(),
            "copy of a data directory"
        );
        std::fs::remove_file(directory.join("data/postmaster.pid")).expect("the copy of a running server");
        Self::start(self.binaries.clone(), directory, self.user)
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
    pub(super) fn execute(&self, sql: &str) {
        self.psql("postgres", sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Runs a script through `psql`; what it printed, or what it complained about.
    pub(super) fn psql(&self, database: &str, script: &str) -> Result<String, String> {
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
        // psql may stop reading at the first error: what it then leaves in the pipe is no error of ours.
        let writer = std::thread::spawn(move || drop(input.write_all(script.as_bytes())));
        let output = child.wait_with_output().expect("psql ends");
        writer.join().expect("the writer does not panic");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// What `pg_dump --schema-only` says; nothing where there is none for this server.
    pub(super) fn dump(&self, database: &str) -> String {
        let Some(pg_dump) = &self.pg_dump else { return String::new() };
        let output = self.client(pg_dump, database).arg("--schema-only").output().expect("pg_dump runs");
        assert!(output.status.success(), "pg_dump {database}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn client(&self, program: &Path, database: &str) -> Command {
        let mut command = Command::new(program);
        command.env("PGHOST", &self.directory).env("PGUSER", "postgres").env("PGDATABASE", database);
        command.env("PGOPTIONS", "-c client_min_messages=warning").env("LC_ALL", "C");
        command
    }

    pub(super) async fn connect(&self, database: &str) -> PgConnection {
        let options = PgConnectOptions::new_without_pgpass().socket(&self.directory);
        let options = options.username("postgres").database(database).disable_statement_logging();
        PgConnection::connect_with(&options)
            .await
            .unwrap_or_else(|error| panic!("connect to {database}: {error}"))
    }

    /// A URL that the crate's example programs understand.
    pub(super) fn url(&self, database: &str) -> String {
        let host = self.directory.to_string_lossy().replace('/', "%2F");
        format!("postgres://postgres@{host}/{database}")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}

fn new_directory(user: Option<User>) -> PathBuf {
    let directory =
        tempfile::Builder::new().prefix("lakebase-schema-").tempdir().expect("a directory").keep();
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).expect("our own directory");
    if let Some(User { uid, gid }) = user {
        chown(&directory, Some(uid), Some(gid)).expect("root gives its directory away");
    }
    directory
}

fn run_as(command: &mut Command, user: Option<User>) -> &mut Command {
    match user {
        Some(User { uid, gid }) => command.uid(uid).gid(gid),
        None => command,
    }
}

/// PostgreSQL refuses to run as root; then it runs as `postgres`, else `nobody`.
fn database_user() -> Option<User> {
    let id = |arguments: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(arguments).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    let user = ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| Some(User { uid: id(&["-u", name])?, gid: id(&["-g", name])? }));
    Some(user.expect("root has a user postgres or nobody"))
}

/// The programs of `LAKEBASE_PG_BIN`, or of the newest PostgreSQL that is installed whole.
fn find_server() -> Option<PathBuf> {
    if let Some(given) = std::env::var_os("LAKEBASE_PG_BIN") {
        let given = PathBuf::from(given);
        let serves = ["initdb", "postgres"].iter().all(|name| given.join(name).is_file());
        return Some(given).filter(|bin| serves && find_client(bin, "psql", 0).is_some());
    }
    installed()
        .into_iter()
        .find(|bin| ["initdb", "postgres", "psql", "pg_dump"].iter().all(|name| bin.join(name).is_file()))
}

/// A client program that is not older than `major`: beside the server, or else the newest that is installed.
fn find_client(server: &Path, name: &str, major: u32) -> Option<PathBuf> {
    let known = std::iter::once(server.to_owned()).chain(installed()).map(|bin| bin.join(name));
    known.filter(|program| program.is_file()).find(|program| major_version(program) >= major)
}

/// Directories with programs of PostgreSQL, the newest first, then those on the `PATH`.
fn installed() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut bins: Vec<PathBuf> = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).collect();
    bins.retain(|bin| bin.join("postgres").is_file());
    bins.sort_by_key(|bin| std::cmp::Reverse(major_version(&bin.join("postgres"))));
    let path = std::env::var_os("PATH").unwrap_or_default();
    bins.extend(std::env::split_paths(&path));
    bins
}

fn major_version(program: &Path) -> u32 {
    let output =
        Command::new(program).arg("--version").output().expect("PostgreSQL's programs say their version");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let digits = text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit);
    digits.collect::<String>().parse().expect("a version")
}
