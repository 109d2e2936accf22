//! A scripted service: answers by method and path, and a record of the requests.

use std::time::Duration;

use lakebase::{Branch, Lakebase, Project};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

pub(crate) struct MockService {
    server: MockServer,
    pub(crate) lakebase: Lakebase,
}

const BASE: &str = "/api/2.0/postgres/";

impl MockService {
    pub(crate) async fn new() -> Self {
        let server = MockServer::start().await;
        let lakebase = Lakebase::builder().host(server.uri()).token("t0").build().await.unwrap();
        Self { server, lakebase }
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        *self.server.address()
    }

    pub(crate) fn project(&self) -> Project {
        self.lakebase.project("shop").unwrap()
    }

    pub(crate) fn branch(&self) -> Branch {
        self.project().branch("dev").unwrap()
    }

    async fn mount(&self, call: &str, answer: ResponseTemplate, times: Option<u64>) -> &Self {
        let (verb, name) = call.split_once(' ').unwrap();
        let route = if name.starts_with('/') { name.to_owned() } else { format!("{BASE}{name}") };
        let mock = Mock::given(method(verb)).and(path(route)).respond_with(answer);
        match times {
            Some(times) => mock.up_to_n_times(times).mount(&self.server).await,
            None => mock.mount(&self.server).await,
        }
        self
    }

    /// Answers this call, from now on and always.
    pub(crate) async fn on(&self, call: &str, answer: Value) -> &Self {
        self.mount(call, ResponseTemplate::new(200).set_body_json(answer), None).await
    }

    /// Answers this call once; then the next script for it holds.
    pub(crate) async fn once(&self, call: &str, answer: Value) -> &Self {
        self.mount(call, ResponseTemplate::new(200).set_body_json(answer), Some(1)).await
    }

    pub(crate) async fn slowly(&self, call: &str, answer: Value, delay: Duration) -> &Self {
        self.mount(call, ResponseTemplate::new(200).set_body_json(answer).set_delay(delay), None).await
    }

    pub(crate) async fn refuse(&self, call: &str, status: u16, code: &str, message: &str) -> &Self {
        self.mount(call, refusal(status, code, message), None).await
    }

    pub(crate) async fn refuse_once(&self, call: &str, status: u16, code: &str, message: &str) -> &Self {
        self.mount(call, refusal(status, code, message), Some(1)).await
    }

    /// The requests, a line for each: `POST projects/shop/branches?branch_id=dev {"spec":{}}`.
    pub(crate) async fn calls(&self) -> Vec<String> {
        let requests = self.server.received_requests().await.unwrap();
        requests
            .iter()
            .map(|request| {
                let name = request.url.path().trim_start_matches(BASE);
                let query: Vec<String> =
                    request.url.query_pairs().map(|(key, value)| format!("{key}={value}")).collect();
                let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
                let body: Option<Value> = serde_json::from_slice(&request.body).ok();
                let body = body.map(|body| format!(" {body}")).unwrap_or_default();
                format!("{} {name}{query}{body}", request.method)
            })
            .collect()
    }

    /// The calls that change something.
    pub(crate) async fn changes(&self) -> Vec<String> {
        self.calls().await.into_iter().filter(|call| !call.starts_with("GET")).collect()
    }
}

fn refusal(status: u16, code: &str, message: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({"error_code": code, "message": message}))
}

/// An operation that has ended.
pub(crate) fn done(resource: &str, response: Value) -> Value {
    json!({
        "name": format!("{resource}/operations/AbC+12=="),
        "done": true,
        "metadata": {"@type": "type.googleapis.com/databricks.postgres.v1.BranchOperationMetadata"},
        "response": response,
    })
}

pub(crate) fn running(resource: &str) -> Value {
    json!({"name": format!("{resource}/operations/AbC+12=="), "metadata": {"@type": "x"}})
}

/// The end of a delete or undelete.
pub(crate) fn gone(resource: &str) -> Value {
    done(resource, json!({"@type": "type.googleapis.com/google.protobuf.Empty"}))
}

pub(crate) fn project(id: &str) -> Value {
    json!({
        "name": format!("projects/{id}"), "project_id": id, "uid": "0d2f8f5e-0000-4000-8000-000000000000",
        "create_time": "2026-08-01T10:00:00Z", "update_time": "2026-08-01T10:00:00Z", "brand_new_field": {"a": [1]},
        "status": {
            "project_id": id, "display_name": "Shop", "pg_version": 17, "owner": "ada@example.com",
            "default_branch": format!("projects/{id}/branches/production"), "enable_pg_native_login": false,
            "default_endpoint_settings": {
                "autoscaling_limit_min_cu": 1, "autoscaling_limit_max_cu": 1, "suspend_timeout_duration": "86400s"
            },
            "history_retention_duration": "604800s", "branch_logical_size_limit_bytes": 8_796_093_022_208_i64,
            "synthetic_storage_size_bytes": 0
        }
    })
}

pub(crate) fn root() -> Value {
    json!({
        "name": "projects/shop/branches/production", "branch_id": "production", "parent": "projects/shop",
        "uid": "br-crimson-fire-d28lb2ez",
        "create_time": "2026-08-01T10:00:00Z", "update_time": "2026-08-01T10:00:00Z",
        "status": {
            "branch_id": "production", "current_state": "READY", "default": true, "is_protected": true,
            "logical_size_bytes": 31_539_200, "state_change_time": "2026-08-01T10:00:00Z"
        }
    })
}

pub(crate) fn child(id: &str) -> Value {
    json!({
        "name": format!("projects/shop/branches/{id}"), "branch_id": id, "parent": "projects/shop",
        "uid": "br-quiet-lake-a1b2c3d4",
        "create_time": "2026-08-02T10:00:00Z", "update_time": "2026-08-02T10:00:00Z",
        "status": {
            "branch_id": id, "current_state": "READY", "default": false, "is_protected": false,
            "logical_size_bytes": 31_539_200, "expire_time": "2026-08-03T10:00:00Z",
            "source_branch": "projects/shop/branches/production", "source_branch_lsn": "0/1DE2850",
            "source_branch_time": "2026-08-02T09:59:59Z", "state_change_time": "2026-08-02T10:00:01Z"
        }
    })
}

pub(crate) fn endpoint(branch: &str, id: &str) -> Value {
    json!({
        "name": format!("projects/shop/branches/{branch}/endpoints/{id}"), "endpoint_id": id,
        "parent": format!("projects/shop/branches/{branch}"), "uid": "ep-quiet-sun-1",
        "create_time": "2026-08-02T10:00:00Z", "update_time": "2026-08-02T10:00:00Z",
        "status": {
            "endpoint_id": id, "endpoint_type": "ENDPOINT_TYPE_READ_WRITE", "current_state": "ACTIVE",
            "disabled": false, "autoscaling_limit_min_cu": 0.5, "autoscaling_limit_max_cu": 4,
            "suspend_timeout_duration": "300s", "settings": {},
            "group": {"min": 1, "max": 1, "enable_readable_secondaries": false},
            "hosts": {"host": "ep-quiet-sun-1.database.us-east-1.cloud.databricks.com"}
        }
    })
}

/// `value` with the member at a JSON pointer replaced.
pub(crate) fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    value.pointer_mut(parent).unwrap()[key] = new;
    value
}

/// A scripted project with this number of branches besides the default one.
pub(crate) async fn project_of(branches: usize) -> MockService {
    let mock = MockService::new().await;
    let all = (0..branches).map(|n| {
        let source = match n {
            0..50 => "production".to_owned(),
            _ => format!("b-{}", n % 50),
        };
        let branch = with(
            child(&format!("b-{n}")),
            "/status/source_branch",
            json!(format!("projects/shop/branches/{source}")),
        );
        let time = format!("2026-11-{:02}T{:02}:{:02}:00Z", 1 + n % 29, n % 24, n % 60);
        with(with(branch, "/create_time", json!(time)), "/status/source_branch_time", json!(time))
    });
    let all: Vec<_> = std::iter::once(root()).chain(all).collect();
    mock.on("GET projects/shop", project("shop")).await;
    mock.on("GET projects", json!({"projects": [project("shop")]})).await;
    mock.on("GET projects/shop/branches", json!({"branches": all})).await;
    mock.on("GET projects/shop/branches/production", root()).await;
    mock.on(
        "GET projects/shop/branches/production/endpoints",
        json!({"endpoints": [endpoint("production", "primary")]}),
    )
    .await;
    mock.on("GET projects/shop/branches/production/roles", json!({"roles": []})).await;
    mock.on("GET projects/shop/branches/production/databases", json!({"databases": []})).await;
    mock.on(
        "GET /api/2.0/preview/scim/v2/Me",
        json!({"id": "1", "userName": "ada@example.com", "active": true}),
    )
    .await;
    mock
}
