//! Where the promises are tested: one server for the process, a project for each test.

use std::{
    fmt,
    fs::Permissions,
    io::{self, Write as _},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    panic::{AssertUnwindSafe, resume_unwind},
    path::Path,
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::Duration,
};

use futures_util::FutureExt as _;
use lakebase::{
    Branch, Expiry, Lakebase,
    auth::Env,
    local::{Durability, LocalLakebase, LocalLakebaseBuilder},
    model::{BranchInfo, ProjectInfo},
};
use secrecy::SecretString;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// Who owns everything on the local server.
pub(super) const USER: &str = "jane.doe@example.com";

const BASE: &str = "/api/2.0/postgres/";

/// The local server of this process.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) token: SecretString,
    _reaper: Child,
}

static SERVER: OnceLock<Server> = OnceLock::new();

pub(super) fn is_workspace() -> bool {
    std::env::var("LAKEBASE_CONTRACT").is_ok_and(|place| place == "workspace")
}

/// Whether to go on with what only the local Lakebase promises.
pub(super) fn local_only() -> bool {
    if is_workspace() {
        skipped("it is a promise of the local Lakebase only");
    }
    !is_workspace()
}

/// Says that the test does not run. Written past the capture, which would keep it from whoever reads a green run.
pub(crate) fn skipped(why: impl fmt::Display) {
    let test = thread::current().name().unwrap_or_default().to_owned();
    let _ = writeln!(io::stderr(), "\n*** SKIPPED {test}: {why} ***\n");
}

/// The PostgreSQL that the local server is to run, where the environment names one.
pub(crate) fn wanted_version() -> Option<u32> {
    let text = std::env::var("LAKEBASE_CONTRACT_PG_VERSION").ok().filter(|text| !text.is_empty())?;
    Some(text.parse().expect("LAKEBASE_CONTRACT_PG_VERSION is a major version, such as 17"))
}

pub(super) fn server() -> &'static Server {
    SERVER.get_or_init(|| {
        let (ready, started) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(async {
                let directory =
                    tempfile::Builder::new().prefix("lakebase-contract-").tempdir().unwrap().keep();
                let reaper = reaper(&directory);
                let local = local(&directory).idle_haste(60).start().await.unwrap();
                let server =
                    Server { host: local.host().to_string(), token: local.token().clone(), _reaper: reaper };
                ready.send(server).unwrap();
                std::future::pending::<()>().await;
            });
        });
        started.recv().unwrap()
    })
}

/// A builder for a data directory in `parent`, which PostgreSQL's account can pass.
pub(super) fn local(parent: &Path) -> LocalLakebaseBuilder {
    std::fs::set_permissions(parent, Permissions::from_mode(0o711)).unwrap();
    let builder =
        LocalLakebase::builder().data_dir(parent.join("data")).durability(Durability::Fast).user(USER);
    match wanted_version() {
        Some(major) => builder.pg_version(major),
        None => builder,
    }
}

/// Removes the directory when this process is gone, however it ended: its standard input closes then.
const REAPER: &str = r#"trap '' INT TERM HUP; read -r _; for i in 1 2 3 4 5 6 7 8 9 10; do
rm -rf "$1" 2>/dev/null && exit; sleep 0.3; done"#;

fn reaper(directory: &Path) -> Child {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", REAPER, "sh"]).arg(directory).process_group(0);
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// A client of the test's own: its connections belong to the test's runtime.
pub(super) async fn client() -> Lakebase {
    if is_workspace() {
        return Lakebase::from_env().await.unwrap();
    }
    let server = server();
    let builder = Lakebase::builder().env(Env::empty()).host(&server.host).token(server.token.clone());
    builder.retry_budget(Duration::from_secs(120)).build().await.unwrap()
}

pub(super) fn fresh_id(prefix: &str) -> String {
    let tail: String = std::iter::repeat_with(fastrand::lowercase).take(10).collect();
    format!("{prefix}-{tail}")
}

/// What a test stands on.
#[derive(Clone)]
pub(super) struct Ground {
    pub(super) lakebase: Lakebase,
    pub(super) project: ProjectInfo,
    pub(super) main: BranchInfo,
}

/// Runs a test on a project of its own, which is gone afterwards.
pub(super) async fn on_a_project(test: impl AsyncFnOnce(Ground)) {
    let lakebase = client().await;
    let project = lakebase.create_project(fresh_id("contract").as_str()).await.unwrap();
    on(lakebase, project, test).await;
}

pub(super) async fn on(lakebase: Lakebase, project: ProjectInfo, test: impl AsyncFnOnce(Ground)) {
    let main = project.default_branch().await.unwrap();
    let ended =
        AssertUnwindSafe(test(Ground { lakebase, project: project.clone(), main })).catch_unwind().await;
    let deleted = project.delete().purge().allow_missing().await;
    ended.unwrap_or_else(|panic| resume_unwind(panic));
    deleted.unwrap();
}

/// An answer that refuses: HTTP status, code and text.
pub(super) type Refused = (u16, String, String);

pub(super) async fn refused_by(lakebase: &Lakebase, call: &str, body: impl Into<Option<Value>>) -> Refused {
    let (method, path) = call.split_once(' ').unwrap();
    let error = lakebase.request(method, &format!("{BASE}{path}"), body).await.unwrap_err();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    (error.status().unwrap_or_default(), text(error.code()), text(error.service_message()))
}

pub(super) fn parts(error: &lakebase::Error) -> Refused {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    (error.status().unwrap_or_default(), text(error.code()), text(error.service_message()))
}

#[track_caller]
pub(super) fn expect(refused: &Refused, status: u16, code: &str, text: &str) {
    assert_eq!((refused.0, refused.1.as_str()), (status, code), "{}", refused.2);
    assert!(refused.2.starts_with(text), "{:?} does not start with {text:?}", refused.2);
}

impl Ground {
    /// Sends what is no mutation, or a mutation whose operation is of interest.
    pub(super) async fn send(&self, call: &str, body: impl Into<Option<Value>>) -> Value {
        let (method, path) = call.split_once(' ').unwrap();
        self.lakebase.request(method, &format!("{BASE}{path}"), body).await.unwrap()
    }

    /// Sends a mutation and gives its finished operation.
    pub(super) async fn operation(&self, call: &str, body: impl Into<Option<Value>>) -> Value {
        let mut operation = self.send(call, body).await;
        while operation["done"] != true {
            tokio::time::sleep(Duration::from_millis(200)).await;
            operation = self.send(&format!("GET {}", operation["name"].as_str().unwrap()), None).await;
        }
        operation
    }

    pub(super) async fn refused(&self, call: &str, body: impl Into<Option<Value>>) -> Refused {
        refused_by(&self.lakebase, call, body).await
    }

    pub(super) async fn branch(&self, id: &str) -> BranchInfo {
        self.main.create_branch(id, Expiry::Never).await.unwrap()
    }

    pub(super) async fn owner(&self) -> lakebase::name::RoleName {
        self.main.roles().await.unwrap().remove(0).name
    }
}

pub(super) async fn run(branch: &Branch, sql: &str) {
    let mut connection = branch.connect().await.unwrap();
    run_on(&mut connection, sql).await;
    connection.close().await.unwrap();
}

pub(super) async fn run_on(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
}

pub(super) async fn number(branch: &Branch, sql: &str) -> i64 {
    let mut connection = branch.connect().await.unwrap();
    let number = number_on(&mut connection, sql).await;
    connection.close().await.unwrap();
    number
}

pub(super) async fn number_on(connection: &mut PgConnection, sql: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(connection).await.unwrap()
}
