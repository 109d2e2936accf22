//! A branch or a database for each test under runners that start a process for each test, and after failures.

use std::{
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use lakebase::{
    Branch,
    local::{Durability, LocalLakebase},
    testing::{self, SetUpError, TestBranch, TestDatabase},
};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Executor, PgConnection};

use crate::support::{
    child::{kill, line, output, output_of},
    directory::directory,
    serve::Serve,
};

/// The set-up of the tests for which a runner starts a process.
async fn set_up(branch: Branch) -> Result<(), SetUpError> {
    branch.connect().await?.execute("create table t (a int); insert into t values (1)").await?;
    use std::io::Write;
    let set_ups = PathBuf::from(std::env::var_os("LAKEBASE_SET_UPS").ok_or("no file for the set-ups")?);
    writeln!(std::fs::OpenOptions::new().append(true).create(true).open(&set_ups)?, "{}", branch.name())?;
    Ok(())
}

/// Whether a runner started this process.
fn in_a_process_of_its_own() -> bool {
    std::env::var_os("LAKEBASE_SET_UPS").is_some()
}

async fn branch() -> Option<TestBranch> {
    if !in_a_process_of_its_own() {
        return None;
    }
    let branch = testing::branch("runner", set_up).await.unwrap();
    add_a_row(branch.connect().await.unwrap()).await;
    Some(branch)
}

async fn database() -> Option<TestDatabase> {
    if !in_a_process_of_its_own() {
        return None;
    }
    let database = testing::database("runner", set_up).await.unwrap();
    add_a_row(database.connect().await.unwrap()).await;
    Some(database)
}

async fn add_a_row(mut conn: PgConnection) {
    conn.execute("insert into t values (2)").await.unwrap();
    let rows: i64 = sqlx::query_scalar("select count(*) from t").fetch_one(&mut conn).await.unwrap();
    eprintln!("\nrows {rows}");
}

#[tokio::test]
#[ignore = "started by the tests of runners"]
async fn goes_well() {
    if let Some(branch) = branch().await {
        branch.close().await.unwrap();
    }
}

#[tokio::test]
#[ignore = "started by the tests of runners"]
async fn goes_well_on_a_database() {
    if let Some(database) = database().await {
        database.close().await.unwrap();
    }
}

#[tokio::test]
#[ignore = "started by the tests of runners"]
async fn never_ends() {
    let _branch = branch().await;
    std::future::pending::<()>().await;
}

#[tokio::test]
#[ignore = "started by the tests of runners"]
async fn never_ends_on_a_database() {
    let _database = database().await;
    std::future::pending::<()>().await;
}

#[tokio::test]
#[ignore = "started by the tests of runners"]
async fn fails() {
    if let Some(_branch) = branch().await {
        panic!("as it is to");
    }
}

#[tokio::test]
#[ignore = "started by the tests of runners"]
async fn fails_on_a_database() {
    if let Some(_database) = database().await {
        panic!("as it is to");
    }
}

/// A runner with a temporary directory of its own.
struct Runner {
    directory: tempfile::TempDir,
}

impl Runner {
    fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("lakebase runner-").tempdir().unwrap();
        let temporary = directory.path().join("tmp");
        std::fs::create_dir(&temporary).unwrap();
        for reached in [directory.path(), &temporary] {
            std::fs::set_permissions(reached, std::fs::Permissions::from_mode(0o711)).unwrap();
        }
        Self { directory }
    }

    fn temporary(&self) -> PathBuf {
        self.directory.path().join("tmp")
    }

    fn command(&self, test: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", &format!("testing::runners::{test}"), "--ignored", "--nocapture"]);
        command
            .env("LAKEBASE_SET_UPS", self.directory.path().join("set-ups"))
            .env("TMPDIR", self.temporary());
        command.env_remove("LAKEBASE_TEST_DIR").env_remove("LAKEBASE_TEST_KEEP");
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// A process for one test, with the environment that `cargo nextest` sets.
    fn start(&self, test: &str) -> Child {
        let mut command = self.command(test);
        command.env("NEXTEST_EXECUTION_MODE", "process-per-test").env("NEXTEST_RUN_ID", "run");
        command.spawn().unwrap()
    }

    fn set_ups(&self) -> usize {
        std::fs::read_to_string(self.directory.path().join("set-ups")).unwrap_or_default().lines().count()
    }

    fn left(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.temporary()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    /// The process that serves.
    fn server(&self) -> Pid {
        let record = std::fs::read_to_string(self.left()[0].join("data/server.json")).unwrap();
        let record: serde_json::Value = serde_json::from_str(&record).unwrap();
        Pid::from_raw(record["pid"].as_i64().unwrap().try_into().unwrap()).unwrap()
    }

    fn wait_until_nothing_is_left(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.left().is_empty() {
            assert!(Instant::now() < deadline, "{:?}", self.left());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn ended_well(child: Child) {
    let output = output_of(child);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("rows 2\n"), "{said}");
}

/// Until the process has its branch.
fn wait_for_rows(child: &mut Child) {
    let rows = line(child.stderr.take().unwrap(), |line| line.starts_with("rows 2"));
    assert!(rows.is_some(), "the test ended before");
}

#[test]
fn processes_share_one_server_which_the_last_one_takes_with_it() {
    let runner = Runner::new();
    let mut killed = runner.start("never_ends");
    let mut killed_on_a_database = runner.start("never_ends_on_a_database");
    let others = ["goes_well", "goes_well_on_a_database"].into_iter().cycle().take(8);
    let others: Vec<Child> = others.map(|test| runner.start(test)).collect();
    wait_for_rows(&mut killed);
    wait_for_rows(&mut killed_on_a_database);
    kill(killed, Signal::KILL);
    kill(killed_on_a_database, Signal::KILL);
    others.into_iter().for_each(ended_well);
    // One that comes right after the last is served by the same.
    ended_well(runner.start("goes_well"));
    ended_well(runner.start("goes_well_on_a_database"));
    assert_eq!(runner.set_ups(), 1);
    runner.wait_until_nothing_is_left();
}

#[test]
fn a_server_that_was_killed_is_followed_by_another() {
    let runner = Runner::new();
    let mut orphan = runner.start("never_ends");
    wait_for_rows(&mut orphan);
    kill_process(runner.server(), Signal::KILL).unwrap();
    // Its end takes a moment.
    std::fs::File::open(runner.left()[0].join("serving")).unwrap().lock().unwrap();
    ended_well(runner.start("goes_well"));
    assert_eq!(runner.set_ups(), 2);
    kill(orphan, Signal::KILL);
    runner.wait_until_nothing_is_left();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_outlives_the_tests_keeps_nothing_of_them() {
    let (runner, directory) = (Runner::new(), directory());
    let data = directory.path().join("data");
    let server = Serve::start(&data);
    let lakebase = server.client().await;
    let files = || {
        let names =
            std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".users") || name.ends_with(".set-up")).collect::<Vec<_>>()
    };
    let start = |test: &str| runner.command(test).env("LAKEBASE_TEST_DIR", &data).spawn().unwrap();
    let mut killed = start("never_ends");
    wait_for_rows(&mut killed);
    for test in ["goes_well", "goes_well_on_a_database"] {
        let other = start(test);
        tokio::task::spawn_blocking(move || ended_well(other)).await.unwrap();
    }
    assert_eq!((runner.set_ups(), lakebase.projects().await.unwrap().len()), (1, 1));
    kill(killed, Signal::KILL);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !(lakebase.projects().await.unwrap().is_empty() && files().is_empty()) {
        assert!(Instant::now() < deadline, "{:?}", files());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(runner.left().is_empty(), "{:?}", runner.left());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_tests_branch_is_kept_where_that_is_asked_for_and_can_be_connected_to() {
    kept("fails", "goes_well", "kept projects/runner/branches/test-").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_tests_database_is_kept_where_that_is_asked_for_and_can_be_connected_to() {
    kept("fails_on_a_database", "goes_well_on_a_database", "kept the database test_").await;
}

async fn kept(fails: &str, goes_well: &str, announced: &str) {
    let runner = Runner::new();
    let failure = output(runner.command(fails).env("LAKEBASE_TEST_KEEP", "1"));
    let said = String::from_utf8_lossy(&failure.stderr).into_owned();
    assert!(!failure.status.success() && said.contains(announced), "{said}");
    let command = |word: &str| said.lines().find(|line| line.contains(word)).unwrap().trim().to_owned();

    let data = command("lakebase-local serve").split("--data-dir ").nth(1).unwrap().replace(" &", "");
    let data = data.trim_matches('\'').to_owned();
    let builder = LocalLakebase::builder().data_dir(&data).durability(Durability::Fast);
    let local = builder.start().await.unwrap();
    let psql = format!("{} -Atc 'select count(*) from t'", command("psql"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &psql]);
    let answer = tokio::task::spawn_blocking(move || output(&mut shell)).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "2\n", "{psql}: {answer:?}");
    local.shutdown().await;

    let removal = Command::new("sh").args(["-c", &command("rm -r")]).status().unwrap();
    assert!(removal.success());
    runner.wait_until_nothing_is_left();
    // A test that succeeds leaves nothing, also where failures are kept.
    let output = output(runner.command(goes_well).env("LAKEBASE_TEST_KEEP", "1"));
    assert!(output.status.success());
    runner.wait_until_nothing_is_left();
}
