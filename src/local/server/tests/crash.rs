//! A server that is killed between two durable steps of an operation, and the start after it.
//!
//! The operation runs in a process of its own, a second copy of this test program, which ends by SIGKILL at the
//! point that the case names.

use std::{
    collections::BTreeMap,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, Stdio},
};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgConnection;
use tempfile::TempDir;

use super::{Fixture, builder_in, temp_dir};
use crate::local::control::arm_failpoint;

const DIR: &str = "LAKEBASE_CRASH_DIR";
const POINT: &str = "LAKEBASE_CRASH_POINT";
const CALL: &str = "LAKEBASE_CRASH_CALL";
const MAIN: &str = "projects/shop/branches/production";

/// The second process: serves the directory and dies in the middle of the call.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of the test that kills it"]
async fn victim() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let fixture = Fixture::of(builder_in(Path::new(&dir)).start().await.unwrap(), temp_dir());
    // The compute runs when the call comes.
    fixture.connect(MAIN).await.unwrap();
    arm_failpoint(&std::env::var(POINT).unwrap());
    let call: Value = serde_json::from_str(&std::env::var(CALL).unwrap()).unwrap();
    let method = call["method"].as_str().unwrap().parse().unwrap();
    let answer = fixture.call(method, call["path"].as_str().unwrap(), call["body"].clone()).await;
    panic!("the call ended: {answer:?}");
}

/// Sends a call to a server that dies in it.
fn crash(dir: &TempDir, point: &str, (method, path, body): &(Method, String, Value)) {
    let call = json!({"method": method.as_str(), "path": path, "body": body});
    let mut victim = Command::new(std::env::current_exe().unwrap());
    victim.args(["--exact", "local::server::tests::crash::victim", "--ignored", "--nocapture"]);
    victim.env(DIR, dir.path()).env(POINT, point).env(CALL, call.to_string());
    // The victim cleans nothing up: its temporary files go with ours.
    victim.env("TMPDIR", dir.path());
    let output = victim.stdin(Stdio::null()).output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(9), "{point}: {text}");
}

pub(super) async fn restart(dir: TempDir) -> Fixture {
    Fixture::of(builder_in(dir.path()).start().await.unwrap(), dir)
}

pub(super) async fn stop(fixture: Fixture) -> TempDir {
    let Fixture { local, dir, .. } = fixture;
    local.shutdown().await;
    dir
}

/// Fails unless the API and PostgreSQL say the same of roles and databases.
async fn assert_agreement(fixture: &Fixture, branch: &str, point: &str) {
    let mut session = fixture.connect(branch).await.unwrap();
    assert_eq!(rows(fixture, branch).await, catalog(&mut session).await, "{point}: {branch}");
}

type Objects = BTreeMap<String, Value>;

async fn rows(fixture: &Fixture, branch: &str) -> Objects {
    let (roles, databases) =
        (fixture.get(&format!("{branch}/roles")).await, fixture.get(&format!("{branch}/databases")).await);
    let mut objects = Objects::new();
    let mut names = BTreeMap::new();
    for role in roles["roles"].as_array().unwrap() {
        let status = &role["status"];
        let name = status["postgres_role"].as_str().unwrap();
        names.insert(role["name"].as_str().unwrap().to_owned(), name.to_owned());
        objects.insert(format!("role {name}"), status["attributes"].clone());
    }
    for database in databases["databases"].as_array().unwrap() {
        let status = &database["status"];
        let name = status["postgres_database"].as_str().unwrap();
        objects.insert(format!("database {name}"), json!(names[status["role"].as_str().unwrap()]));
    }
    objects
}

async fn catalog(session: &mut PgConnection) -> Objects {
    let roles: Vec<(String, bool, bool, bool)> = sqlx::query_as(
        "SELECT rolname::text, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles
         WHERE rolname !~ '^(pg_|databricks_|cloud_admin)'",
    )
    .fetch_all(&mut *session)
    .await
    .unwrap();
    let databases: Vec<(String, String)> = sqlx::query_as(
        "SELECT datname::text, rolname::text FROM pg_database d JOIN pg_roles r ON r.oid = datdba
         WHERE datname NOT IN ('postgres', 'template0', 'template1')",
    )
    .fetch_all(session)
    .await
    .unwrap();
    let roles = roles.into_iter().map(|(name, bypassrls, createdb, createrole)| {
        (
            format!("role {name}"),
            json!({"bypassrls": bypassrls, "createdb": createdb, "createrole": createrole}),
        )
    });
    let databases = databases.into_iter().map(|(name, owner)| (format!("database {name}"), json!(owner)));
    roles.chain(databases).collect()
}

fn create_role(id: &str) -> (Method, String, Value) {
    let name = format!("role_{id}");
    (Method::POST, format!("{MAIN}/roles?role_id={id}"), json!({"spec": {"postgres_role": name}}))
}

fn create_database(id: &str, owner: &str) -> (Method, String, Value) {
    let spec = json!({"postgres_database": format!("db_{id}"), "role": format!("{MAIN}/roles/{owner}")});
    (Method::POST, format!("{MAIN}/databases?database_id={id}"), json!({"spec": spec}))
}

async fn send(fixture: &Fixture, (method, path, body): (Method, String, Value)) -> Value {
    fixture.done(method, &path, body).await
}

/// Kills the server in a call on a resource and gives the server that was started after it.
async fn crashed(fixture: Fixture, point: &str, call: &(Method, String, Value)) -> Fixture {
    let dir = stop(fixture).await;
    crash(&dir, point, call);
    restart(dir).await
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_databases_are_whole_after_a_kill_and_their_names_can_be_used() {
    let mut fixture = Fixture::start().await;
    fixture.project("shop").await;
    for id in ["owner", "successor"] {
        send(&fixture, create_role(id)).await;
    }
    for point in ["create-role.written", "create-role.made"] {
        fixture = crashed(fixture, point, &create_role("new")).await;
        assert_agreement(&fixture, MAIN, point).await;
        fixture.done(Method::DELETE, &format!("{MAIN}/roles/new"), Value::Null).await;
        send(&fixture, create_role("new")).await;
        fixture.done(Method::DELETE, &format!("{MAIN}/roles/new"), Value::Null).await;
    }
    for (point, createdb) in [("alter-role.written", true), ("alter-role.made", false)] {
        let path = format!("{MAIN}/roles/owner?update_mask=spec.attributes.createdb");
        let call = (Method::PATCH, path, json!({"spec": {"attributes": {"createdb": createdb}}}));
        fixture = crashed(fixture, point, &call).await;
        assert_agreement(&fixture, MAIN, point).await;
        send(&fixture, call).await;
    }
    for point in ["create-database.written", "create-database.without-grants", "create-database.made"] {
        fixture = crashed(fixture, point, &create_database("new", "owner")).await;
        assert_agreement(&fixture, MAIN, point).await;
        fixture.done(Method::DELETE, &format!("{MAIN}/databases/new"), Value::Null).await;
    }
    send(&fixture, create_database("new", "owner")).await;
    for (point, name, owner) in
        [("alter-database.written", "renamed", "successor"), ("alter-database.made", "db_new", "owner")]
    {
        let path = format!("{MAIN}/databases/new?update_mask=spec.postgres_database,spec.role");
        let spec = json!({"postgres_database": name, "role": format!("{MAIN}/roles/{owner}")});
        fixture = crashed(fixture, point, &(Method::PATCH, path, json!({"spec": spec}))).await;
        assert_agreement(&fixture, MAIN, point).await;
    }
    for point in ["drop-database.written", "drop-database.made"] {
        let call = (Method::DELETE, format!("{MAIN}/databases/new"), Value::Null);
        fixture = crashed(fixture, point, &call).await;
        assert_agreement(&fixture, MAIN, point).await;
        send(&fixture, create_database("new", "owner")).await;
    }
    for point in ["drop-role.written", "drop-role.reassigned-in-one", "drop-role.made"] {
        let successor = format!("reassign_owned_to={MAIN}/roles/successor");
        let call = (Method::DELETE, format!("{MAIN}/roles/owner?{successor}"), Value::Null);
        fixture = crashed(fixture, point, &call).await;
        assert_agreement(&fixture, MAIN, point).await;
        send(&fixture, create_role("owner")).await;
        let database = format!("{MAIN}/databases/new");
        let owner = json!({"spec": {"role": format!("{MAIN}/roles/owner")}});
        fixture.done(Method::PATCH, &format!("{database}?update_mask=spec.role"), owner).await;
    }
    fixture.branch("shop", "copy").await;
    assert_agreement(&fixture, "projects/shop/branches/copy", "a branch of it").await;
    fixture.local.shutdown().await;
}

/// The directories of branches.
pub(super) fn directories(fixture: &Fixture) -> usize {
    let branches = fixture.dir.path().join("data/branches");
    let projects = std::fs::read_dir(branches).unwrap().flatten();
    projects.map(|project| std::fs::read_dir(project.path()).unwrap().count()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_and_branches_are_whole_after_a_kill_and_their_ids_can_be_used() {
    let mut fixture = Fixture::start().await;
    fixture.project("shop").await;
    let create = (Method::POST, "projects?project_id=new".to_owned(), json!({}));
    for point in ["create-project.files", "create-project.opened"] {
        fixture = crashed(fixture, point, &create).await;
        assert_eq!(
            (directories(&fixture), fixture.call(Method::GET, "projects/new", Value::Null).await.0.as_u16()),
            (1, 404)
        );
        send(&fixture, create.clone()).await;
        fixture.done(Method::DELETE, "projects/new?purge=true", Value::Null).await;
    }
    send(&fixture, create.clone()).await;
    let soft = (Method::DELETE, "projects/new".to_owned(), Value::Null);
    fixture = crashed(fixture, "delete-project.row", &soft).await;
    assert!(fixture.get("projects/new").await["delete_time"].is_string());
    let undelete = (Method::POST, "projects/new/undelete".to_owned(), json!({}));
    fixture = crashed(fixture, "undelete-project.row", &undelete).await;
    assert_agreement(&fixture, "projects/new/branches/production", "undelete-project.row").await;
    let purge = (Method::DELETE, "projects/new?purge=true".to_owned(), Value::Null);
    fixture = crashed(fixture, "purge-project.rows", &purge).await;
    assert_eq!(
        (directories(&fixture), fixture.call(Method::GET, "projects/new", Value::Null).await.0.as_u16()),
        (1, 404)
    );

    let branch = (
        Method::POST,
        "projects/shop/branches?branch_id=dev".to_owned(),
        json!({"spec": {"no_expiry": true}}),
    );
    for point in ["create-branch.files", "create-branch.started"] {
        fixture = crashed(fixture, point, &branch).await;
        assert_eq!(directories(&fixture), 1, "{point}");
        send(&fixture, branch.clone()).await;
        assert_agreement(&fixture, "projects/shop/branches/dev", point).await;
        fixture.done(Method::DELETE, "projects/shop/branches/dev?purge=true", Value::Null).await;
    }
    let masked = json!({"branch": branch.2, "rules": {}});
    let masked = (Method::POST, "projects/shop/masked-branches?branch_id=dev".to_owned(), masked);
    for point in ["create-branch.database-masked", "create-branch.masked"] {
        fixture = crashed(fixture, point, &masked).await;
        assert_eq!(directories(&fixture), 1, "{point}: there is no branch whose masking was cut off");
    }
    send(&fixture, branch.clone()).await;
    let dev = |query: &str| format!("projects/shop/branches/dev{query}");
    let delete = (Method::DELETE, dev(""), Value::Null);
    fixture = crashed(fixture, "delete-branch.row", &delete).await;
    assert_eq!(directories(&fixture), 2, "it can come back");
    let undelete = (Method::POST, dev("/undelete"), json!({}));
    fixture = crashed(fixture, "undelete-branch.row", &undelete).await;
    assert_agreement(&fixture, &dev(""), "undelete-branch.row").await;
    send(&fixture, delete.clone()).await;
    let purge = (Method::DELETE, dev("?purge=true"), Value::Null);
    fixture = crashed(fixture, "purge-branch.row", &purge).await;
    assert_eq!(directories(&fixture), 1);
    send(&fixture, branch).await;
    fixture = crashed(fixture, "delete-branch.row", &purge).await;
    assert_eq!(directories(&fixture), 1);
    fixture.branch("shop", "dev").await;
    fixture.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_was_being_changed_has_its_old_settings_after_a_kill() {
    let mut fixture = Fixture::start().await;
    fixture.project("shop").await;
    let path = format!("{MAIN}/endpoints/primary?update_mask=spec.settings");
    let settings = json!({"spec": {"settings": {"pg_settings": {"work_mem": "7MB"}}}});
    let call = (Method::PATCH, path, settings);
    fixture = crashed(fixture, "change-endpoint.restarted", &call).await;
    let mut session = fixture.connect(MAIN).await.unwrap();
    let shown: String = sqlx::query_scalar("SHOW work_mem").fetch_one(&mut session).await.unwrap();
    assert_ne!(shown, "7MB");
    assert!(
        fixture.get(&format!("{MAIN}/endpoints/primary")).await["status"]["settings"]["pg_settings"]
            .is_null()
    );
    send(&fixture, call).await;
    let mut session = fixture.connect(MAIN).await.unwrap();
    let shown: String = sqlx::query_scalar("SHOW work_mem").fetch_one(&mut session).await.unwrap();
    assert_eq!(shown, "7MB");
    fixture.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_whole_after_a_kill_and_their_ids_can_be_used() {
    let mut fixture = Fixture::start().await;
    fixture.project("shop").await;
    let mut session = fixture.connect(MAIN).await.unwrap();
    sqlx::raw_sql("CREATE TABLE kept AS SELECT 7::bigint AS n").execute(&mut session).await.unwrap();
    let spec = json!({"spec": {"source_branch": MAIN, "no_expiry": true}});
    let create = (Method::POST, "projects/shop/snapshots?snapshot_id=s".to_owned(), spec);
    let snapshot = "projects/shop/snapshots/s";
    fixture = crashed(fixture, "create-snapshot.files", &create).await;
    assert_eq!(directories(&fixture), 1, "half made");
    assert_eq!(fixture.call(Method::GET, snapshot, Value::Null).await.0, 404);
    send(&fixture, create.clone()).await;
    assert_eq!(directories(&fixture), 2);

    let spec = json!({"spec": {"source_snapshot": snapshot, "no_expiry": true}});
    let branch = (Method::POST, "projects/shop/branches?branch_id=back".to_owned(), spec);
    fixture = crashed(fixture, "create-branch.files", &branch).await;
    assert_eq!(directories(&fixture), 2, "the snapshot stays");
    send(&fixture, branch).await;
    let mut session = fixture.connect("projects/shop/branches/back").await.unwrap();
    assert_eq!(fixture.number(&mut session, "SELECT n FROM kept").await, 7);
    fixture.done(Method::DELETE, "projects/shop/branches/back?purge=true", Value::Null).await;

    // At a point of the past, by a replay that ends in a directory of its own.
    let mut session = fixture.connect(MAIN).await.unwrap();
    let lsn: String =
        sqlx::query_scalar("SELECT pg_current_wal_lsn()::text").fetch_one(&mut session).await.unwrap();
    sqlx::raw_sql("DROP TABLE kept").execute(&mut session).await.unwrap();
    let spec = json!({"source_branch": MAIN, "source_branch_lsn": lsn, "no_expiry": true});
    let spec = json!({"spec": spec});
    let past = (Method::POST, "projects/shop/snapshots?snapshot_id=past".to_owned(), spec.clone());
    let back = (Method::POST, "projects/shop/branches?branch_id=back".to_owned(), spec);
    for point in ["history.replayed", "create-snapshot.files"] {
        fixture = crashed(fixture, point, &past).await;
        assert_eq!(directories(&fixture), 2, "{point}");
    }
    for point in ["history.replayed", "create-branch.files", "create-branch.started"] {
        fixture = crashed(fixture, point, &back).await;
        assert_eq!(directories(&fixture), 2, "{point}");
    }
    send(&fixture, past).await;
    send(&fixture, back).await;
    let mut session = fixture.connect("projects/shop/branches/back").await.unwrap();
    assert_eq!(fixture.number(&mut session, "SELECT n FROM kept").await, 7);
    fixture.done(Method::DELETE, "projects/shop/snapshots/past", Value::Null).await;

    let delete = (Method::DELETE, snapshot.to_owned(), Value::Null);
    fixture = crashed(fixture, "delete-snapshot.row", &delete).await;
    assert_eq!(directories(&fixture), 2, "the branches");
    assert_eq!(fixture.call(Method::GET, snapshot, Value::Null).await.0, 404);
    send(&fixture, create).await;
    fixture.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_endpoints_are_whole_after_a_kill_and_their_ids_can_be_used() {
    let mut fixture = Fixture::start().await;
    fixture.project("shop").await;
    let spec = json!({"spec": {"endpoint_type": "ENDPOINT_TYPE_READ_ONLY"}});
    let create = (Method::POST, format!("{MAIN}/endpoints?endpoint_id=replica"), spec);
    let replica = format!("{MAIN}/endpoints/replica");
    fixture = crashed(fixture, "create-endpoint.started", &create).await;
    assert_eq!(directories(&fixture), 1, "half made");
    assert_eq!(fixture.call(Method::GET, &replica, Value::Null).await.0, 404);
    let made = send(&fixture, create.clone()).await;
    assert_eq!(made["status"]["current_state"], "ACTIVE");
    assert_eq!(directories(&fixture), 2);
    let delete = (Method::DELETE, replica.clone(), Value::Null);
    fixture = crashed(fixture, "delete-endpoint.row", &delete).await;
    assert_eq!(directories(&fixture), 1);
    assert_eq!(fixture.call(Method::GET, &replica, Value::Null).await.0, 404);
    send(&fixture, create).await;
    fixture.local.shutdown().await;
}
