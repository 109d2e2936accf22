//! One server for the process and a project for each test.
//!
//! The server is a local Lakebase unless `LAKEBASE_CONTRACT=workspace`: then it is the workspace that the environment
//! names (`DATABRICKS_HOST` and so on). `LAKEBASE_CONTRACT_PG_VERSION` chooses the PostgreSQL of the local one, and
//! `LAKEBASE_CONTRACT_SPARES=each` has it make every branch of a running one from a warm spare; it uses none otherwise.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    panic::{AssertUnwindSafe, resume_unwind},
    path::Path,
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use lakebase::{
    Branch, Expiry, Lakebase,
    auth::Env,
    builder::RetryPolicy,
    local::{Durability, LocalLakebase, LocalLakebaseBuilder},
    model::{BranchInfo, ProjectInfo},
};
use secrecy::SecretString;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::{child::LIMIT, reaper::Reaper};

/// The caller and owner of everything on the local server.
pub(crate) const USER: &str = "jane.doe@example.com";

const BASE: &str = "/api/2.0/postgres/";

/// The local server of this process.
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) token: SecretString,
    _reaper: Reaper,
}

static SERVER: OnceLock<Server> = OnceLock::new();

/// Whether the tests run against a workspace of Databricks.
pub(crate) fn is_workspace() -> bool {
    std::env::var("LAKEBASE_CONTRACT").is_ok_and(|target| target == "workspace")
}

/// The environment variable that has the local server make branches from spares.
pub(crate) const SPARES: &str = "LAKEBASE_CONTRACT_SPARES";

fn wants_spares() -> bool {
    std::env::var(SPARES).is_ok_and(|wanted| wanted == "each")
}

/// The PostgreSQL version of the local server, where the environment names one.
pub(crate) fn wanted_version() -> Option<u32> {
    let text = std::env::var("LAKEBASE_CONTRACT_PG_VERSION").ok().filter(|text| !text.is_empty())?;
    Some(text.parse().expect("LAKEBASE_CONTRACT_PG_VERSION is a major version, such as 17"))
}

pub(crate) fn server() -> &'static Server {
    SERVER.get_or_init(|| {
        let (ready, started) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(async {
                let directory =
                    tempfile::Builder::new().prefix("lakebase-contract-").tempdir().unwrap().keep();
                let reaper = Reaper::of(&directory);
                let builder = local(&directory).idle_time_scale(60);
                let builder = if wants_spares() { builder.spare_for_each_branch() } else { builder };
                let local = builder.start().await.unwrap();
                let server =
                    Server { host: local.host().to_string(), token: local.token().clone(), _reaper: reaper };
                ready.send(server).unwrap();
                std::future::pending::<()>().await;
            });
        });
        started.recv_timeout(LIMIT).unwrap()
    })
}

/// A builder for a data directory in `parent`, which PostgreSQL's account can traverse. Without spares, so that there
/// are no other directories and processes than those of branches.
pub(crate) fn local(parent: &Path) -> LocalLakebaseBuilder {
    std::fs::set_permissions(parent, Permissions::from_mode(0o711)).unwrap();
    let builder =
        LocalLakebase::builder().data_dir(parent.join("data")).durability(Durability::Fast).user(USER);
    let builder = builder.spares(0);
    match wanted_version() {
        Some(major) => builder.pg_version(major),
        None => builder,
    }
}

/// A client of the test's own: its connections belong to the test's runtime.
pub(crate) async fn client() -> Lakebase {
    if is_workspace() {
        return Lakebase::from_env().await.unwrap();
    }
    let server = server();
    let builder = Lakebase::builder().env(Env::empty()).host(&server.host).token(server.token.clone());
    builder.retry(RetryPolicy::default().deadline(Duration::from_secs(120))).build().await.unwrap()
}

pub(crate) fn fresh_id(prefix: &str) -> String {
    let tail: String = std::iter::repeat_with(fastrand::lowercase).take(10).collect();
    format!("{prefix}-{tail}")
}

/// A project of a test's own.
#[derive(Clone)]
pub(crate) struct Fixture {
    pub(crate) lakebase: Lakebase,
    pub(crate) project: ProjectInfo,
    pub(crate) main: BranchInfo,
}

/// Runs a test on a project of its own, which is purged afterwards.
pub(crate) async fn on_a_project(test: impl AsyncFnOnce(Fixture)) {
    let lakebase = client().await;
    let project = lakebase.create_project(fresh_id("contract").as_str()).await.unwrap();
    on(lakebase, project, test).await;
}

/// Runs a test on a given project, which is purged afterwards.
pub(crate) async fn on(lakebase: Lakebase, project: ProjectInfo, test: impl AsyncFnOnce(Fixture)) {
    let main = project.default_branch().await.unwrap();
    let ended =
        AssertUnwindSafe(test(Fixture { lakebase, project: project.clone(), main })).catch_unwind().await;
    let deleted = project.delete().purge().allow_missing().await;
    ended.unwrap_or_else(|panic| resume_unwind(panic));
    deleted.unwrap();
}

/// An error answer: HTTP status, code and text.
pub(crate) type ErrorAnswer = (u16, String, String);

pub(crate) async fn refused_by(
    lakebase: &Lakebase,
    call: &str,
    body: impl Into<Option<Value>>,
) -> ErrorAnswer {
    let (method, path) = call.split_once(' ').unwrap();
    parts(&lakebase.request(method.parse().unwrap(), &format!("{BASE}{path}"), body).await.unwrap_err())
}

pub(crate) fn parts(error: &lakebase::Error) -> ErrorAnswer {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    (error.status().unwrap_or_default(), text(error.code()), text(error.service_message()))
}

#[track_caller]
pub(crate) fn expect(answer: &ErrorAnswer, status: u16, code: &str, text: &str) {
    assert_eq!((answer.0, answer.1.as_str()), (status, code), "{}", answer.2);
    assert!(answer.2.starts_with(text), "{:?} does not start with {text:?}", answer.2);
}

impl Fixture {
    /// Sends a call that is no mutation, or a mutation whose operation is of interest.
    pub(crate) async fn send(&self, call: &str, body: impl Into<Option<Value>>) -> Value {
        let (method, path) = call.split_once(' ').unwrap();
        self.lakebase.request(method.parse().unwrap(), &format!("{BASE}{path}"), body).await.unwrap()
    }

    /// Sends a mutation and returns its finished operation.
    pub(crate) async fn operation(&self, call: &str, body: impl Into<Option<Value>>) -> Value {
        let deadline = Instant::now() + if is_workspace() { LIMIT * 10 } else { LIMIT };
        let mut operation = self.send(call, body).await;
        while operation["done"] != true {
            assert!(Instant::now() < deadline, "{call}: {operation}");
            tokio::time::sleep(Duration::from_millis(200)).await;
            operation = self.send(&format!("GET {}", operation["name"].as_str().unwrap()), None).await;
        }
        operation
    }

    pub(crate) async fn refused(&self, call: &str, body: impl Into<Option<Value>>) -> ErrorAnswer {
        refused_by(&self.lakebase, call, body).await
    }

    pub(crate) async fn branch(&self, id: &str) -> BranchInfo {
        self.main.create_branch(id, Expiry::Never).await.unwrap()
    }

    pub(crate) async fn owner(&self) -> lakebase::name::RoleName {
        self.main.roles().await.unwrap().remove(0).name
    }
}

pub(crate) async fn run(branch: impl AsRef<Branch>, sql: &str) {
    let branch = branch.as_ref();
    let mut connection = branch.connect().await.unwrap();
    run_on(&mut connection, sql).await;
    connection.close().await.unwrap();
}

pub(crate) async fn run_on(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
}

pub(crate) async fn number(branch: impl AsRef<Branch>, sql: &str) -> i64 {
    let branch = branch.as_ref();
    let mut connection = branch.connect().await.unwrap();
    let number = number_on(&mut connection, sql).await;
    connection.close().await.unwrap();
    number
}

pub(crate) async fn number_on(connection: &mut PgConnection, sql: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(connection).await.unwrap()
}
