//! A real server on a temporary directory, spoken to over HTTP.

mod crash;
mod faults;
mod history_crash;
mod masking;
mod masking_cut_off;
mod point_in_time;
mod reconciliation;
mod snapshots;
mod spare_crash;
mod time_crash;
mod verb_crash;

use std::{path::Path, sync::Arc};

use reqwest::{Client, Method, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::{
    Connection as _, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgSslMode},
};
use tempfile::TempDir;

use super::LocalLakebase;
use crate::local::{Durability, control::Control};

/// A server with a client; everything goes with it.
pub(crate) struct Fixture {
    pub(crate) local: LocalLakebase,
    pub(crate) dir: TempDir,
    http: Client,
}

pub(crate) fn temp_dir() -> TempDir {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    dir
}

pub(crate) fn builder(dir: &TempDir) -> super::LocalLakebaseBuilder {
    builder_in(dir.path())
}

fn builder_in(dir: &Path) -> super::LocalLakebaseBuilder {
    let builder = LocalLakebase::builder().data_dir(dir.join("data")).durability(Durability::Fast);
    // There are no other directories than those of branches.
    builder.user("jane@example.com").spares(0)
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = temp_dir();
        let local = builder(&dir).start().await.unwrap();
        Self::of(local, dir)
    }

    pub(crate) fn of(local: LocalLakebase, dir: TempDir) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { local, dir, http: Client::builder().no_proxy().build().unwrap() }
    }

    pub(crate) fn control(&self) -> &Arc<Control> {
        &self.local.running.as_ref().unwrap().control
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let url = self.local.host().join("/api/2.0/postgres/").unwrap().join(path).unwrap();
        let mut request = self.http.request(method, url).bearer_auth(self.local.token().expose_secret());
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        (status, answer.json().await.unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, Value::Null).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Sends a mutation that works and gives its response.
    pub(crate) async fn done(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, operation) = self.call(method, path, body).await;
        assert_eq!(status, 200, "{operation}");
        assert_eq!(operation["done"], true, "{operation}");
        assert!(operation["error"].is_null(), "{operation}");
        operation["response"].clone()
    }

    /// Sends a request that is rejected, and returns status, code and message.
    pub(crate) async fn refused(&self, method: Method, path: &str, body: Value) -> (u16, String, String) {
        let (status, error) = self.call(method, path, body).await;
        assert!(status.is_client_error() || status.is_server_error(), "{error}");
        let text = |key: &str| error[key].as_str().unwrap().to_owned();
        (status.as_u16(), text("error_code"), text("message"))
    }

    pub(crate) async fn project(&self, id: &str) -> Value {
        self.done(Method::POST, &format!("projects?project_id={id}"), json!({})).await
    }

    pub(crate) async fn branch(&self, project: &str, id: &str) -> Value {
        let body = json!({"spec": {"no_expiry": true}});
        self.done(Method::POST, &format!("projects/{project}/branches?branch_id={id}"), body).await
    }

    pub(crate) async fn token(&self, branch: &str) -> String {
        let body = json!({"endpoint": format!("{branch}/endpoints/primary")});
        let (status, credential) = self.call(Method::POST, "credentials", body).await;
        assert_eq!(status, 200, "{credential}");
        credential["token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn connect(&self, branch: &str) -> sqlx::Result<PgConnection> {
        let endpoint = self.get(&format!("{branch}/endpoints/primary")).await;
        let hosts = &endpoint["status"]["hosts"];
        let options = PgConnectOptions::new()
            .host(hosts["host"].as_str().unwrap())
            .port(hosts["port"].as_u64().unwrap_or(5432).try_into().unwrap())
            .username("jane@example.com")
            .password(&self.token(branch).await)
            .database("databricks_postgres")
            .ssl_mode(PgSslMode::VerifyFull)
            .ssl_root_cert(self.local.ca_cert());
        PgConnection::connect_with(&options).await
    }

    pub(crate) async fn number(&self, connection: &mut PgConnection, sql: &'static str) -> i64 {
        sqlx::query(sql).fetch_one(connection).await.unwrap().get(0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_project_that_is_being_created_is_kept_or_refused() {
    let fixture = Fixture::start().await;
    let meanwhile = async {
        while fixture.call(Method::GET, "projects/new", Value::Null).await.0 == 404 {
            tokio::task::yield_now().await;
        }
        let named = json!({"spec": {"display_name": "Changed"}});
        fixture.call(Method::PATCH, "projects/new?update_mask=spec.display_name", named).await
    };
    let (_, (status, answer)) = tokio::join!(fixture.project("new"), meanwhile);
    let shown = fixture.get("projects/new").await["status"]["display_name"].clone();
    match status.as_u16() {
        200 => assert_eq!(shown, "Changed"),
        refused => {
            assert_eq!((refused, &answer["error_code"], shown), (409, &json!("ABORTED"), json!("new")))
        }
    }
    fixture.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_is_made_used_and_deleted() {
    let fixture = Fixture::start().await;
    let project = fixture.project("shop").await;
    assert_eq!(project["status"]["owner"], "jane@example.com");
    let main = "projects/shop/branches/production";
    let mut source = fixture.connect(main).await.unwrap();
    sqlx::raw_sql("CREATE TABLE item (id int); INSERT INTO item VALUES (1), (2)")
        .execute(&mut source)
        .await
        .unwrap();

    let started = std::time::Instant::now();
    fixture.branch("shop", "dev").await;
    let mut copy = fixture.connect("projects/shop/branches/dev").await.unwrap();
    assert_eq!(fixture.number(&mut copy, "SELECT count(*) FROM item").await, 2);
    eprintln!("branch sent to first row: {:?}", started.elapsed());

    sqlx::raw_sql("INSERT INTO item VALUES (3)").execute(&mut copy).await.unwrap();
    sqlx::raw_sql("DELETE FROM item WHERE id = 1").execute(&mut source).await.unwrap();
    assert_eq!(fixture.number(&mut copy, "SELECT count(*) FROM item").await, 3);
    assert_eq!(fixture.number(&mut source, "SELECT count(*) FROM item").await, 1);

    let gone = fixture.done(Method::DELETE, "projects/shop/branches/dev", Value::Null).await;
    assert_eq!(gone, json!({"@type": "type.googleapis.com/google.protobuf.Empty"}));
    let (status, code, message) =
        fixture.refused(Method::GET, "projects/shop/branches/dev", Value::Null).await;
    assert_eq!((status, code.as_str()), (404, "NOT_FOUND"));
    assert!(message.starts_with("branch id not found [TraceId: "), "{message}");
    fixture.branch("shop", "dev").await;
    fixture.local.shutdown().await;
}
