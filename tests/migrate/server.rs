//! One PostgreSQL for the tests of this process, a database for each test.

use std::{
    io,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, postgres::PgConnectOptions};

/// Lives until its standard input closes, which it does with this process, however that ends.
const KEEPER: &str = r#"
trap '' INT TERM HUP
dir=$1; shift
"$@" >"$dir/log" 2>&1 &
read -r _
kill -QUIT $!
wait $!
rm -rf "$dir"
"#;

struct Server {
    _keeper: Child,
    directory: PathBuf,
}

static SERVER: LazyLock<Option<Server>> = LazyLock::new(|| match binaries() {
    Some(binaries) => Some(start(&binaries).expect("PostgreSQL starts")),
    None => {
        eprintln!("\n*** SKIPPED: no PostgreSQL in LAKEBASE_PG_BIN or /usr/lib/postgresql ***\n");
        None
    }
});

static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A database of its own.
pub(super) struct Database {
    options: PgConnectOptions,
}

impl Database {
    /// A new, empty one; none where PostgreSQL is not installed, which is said.
    pub(super) async fn new() -> Option<Self> {
        let server = SERVER.as_ref()?;
        let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let options = PgConnectOptions::new_without_pgpass()
            .host(server.directory.to_str().expect("a UTF-8 path"))
            .username("postgres");
        let mut admin = connect(&options.clone().database("postgres")).await;
        admin.execute(AssertSqlSafe(format!("create database {name} strategy file_copy"))).await.unwrap();
        Some(Self { options: options.database(&name) })
    }

    pub(super) async fn connect(&self) -> PgConnection {
        connect(&self.options).await
    }
}

async fn connect(options: &PgConnectOptions) -> PgConnection {
    PgConnection::connect_with(options).await.unwrap()
}

fn binaries() -> Option<PathBuf> {
    if let Some(given) = std::env::var_os("LAKEBASE_PG_BIN") {
        return Some(given.into());
    }
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop()
}

/// PostgreSQL refuses to run as root.
fn user() -> Option<(u32, u32)> {
    let id = |args: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(args).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    (id(&["-u"]) == Some(0)).then(|| Some((id(&["-u", "postgres"])?, id(&["-g", "postgres"])?)))?
}

fn start(binaries: &Path) -> io::Result<Server> {
    let directory = tempfile::Builder::new().prefix("lakebase-migrate-").tempdir_in("/tmp")?.keep();
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o700))?;
    let user = user();
    if let Some((uid, gid)) = user {
        chown(&directory, Some(uid), Some(gid))?;
    }
    let as_user = |command: &mut Command| {
        if let Some((uid, gid)) = user {
            command.uid(uid).gid(gid);
        }
        command.current_dir(&directory);
    };
    let mut initdb = Command::new(binaries.join("initdb"));
    initdb.args([
        "--no-sync",
        "--auth=trust",
        "--username=postgres",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "-D",
    ]);
    as_user(initdb.arg(directory.join("data")));
    let made = initdb.output()?;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut keeper = Command::new("/bin/sh");
    keeper.args(["-c", KEEPER, "sh"]).arg(&directory).arg(binaries.join("postgres"));
    keeper.arg("-D").arg(directory.join("data")).arg("-k").arg(&directory);
    for setting in
        ["listen_addresses=", "fsync=off", "shared_buffers=16MB", "max_connections=50", "autovacuum=off"]
    {
        keeper.args(["-c", setting]);
    }
    as_user(keeper.process_group(0));
    let keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let deadline = Instant::now() + Duration::from_secs(30);
    while !std::fs::read_to_string(directory.join("data/postmaster.pid"))
        .unwrap_or_default()
        .contains("ready")
    {
        assert!(
            Instant::now() < deadline,
            "{}",
            std::fs::read_to_string(directory.join("log")).unwrap_or_default()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(Server { _keeper: keeper, directory })
}
