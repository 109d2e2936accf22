//! The API over HTTP, on a real server with a real PostgreSQL.

use reqwest::Method;
use serde_json::{Value, json};

use crate::local::{
    control::DoneAfter,
    server::tests::{Fixture, builder, temp_dir},
};

const MAIN: &str = "projects/shop/branches/production";

#[tokio::test(flavor = "multi_thread")]
async fn a_project_begins_with_a_branch_an_endpoint_a_role_and_a_database() {
    let fixture = Fixture::start().await;
    let project = fixture.project("shop").await;
    let status = &project["status"];
    assert!(project["spec"].is_null() && project["parent"].is_null(), "{project}");
    assert_eq!(status["default_branch"], MAIN);
    assert_eq!(status["history_retention_duration"], "604800s");
    assert_eq!(
        status["default_endpoint_settings"],
        json!({"autoscaling_limit_min_cu": 1, "autoscaling_limit_max_cu": 1, "suspend_timeout_duration": "86400s"})
    );
    assert_eq!(
        (&status["enable_pg_native_login"], &status["synthetic_storage_size_bytes"]),
        (&json!(false), &json!(0))
    );
    let branch = fixture.get(MAIN).await;
    assert_eq!(branch["status"]["default"], true);
    assert!(
        branch["status"]["source_branch"].is_null() && branch["status"]["expire_time"].is_null(),
        "{branch}"
    );
    let endpoint = &fixture.get(&format!("{MAIN}/endpoints")).await["endpoints"][0];
    assert_eq!(
        endpoint["status"]["group"],
        json!({"min": 1, "max": 1, "enable_readable_secondaries": false})
    );
    let role = &fixture.get(&format!("{MAIN}/roles")).await["roles"][0];
    assert_eq!(
        role["status"]["attributes"],
        json!({"bypassrls": true, "createdb": true, "createrole": true})
    );
    let database = &fixture.get(&format!("{MAIN}/databases")).await["databases"][0];
    assert_eq!(database["status"]["role"], role["name"]);

    for (method, path, body, status, code, text) in [
        (Method::POST, "projects?project_id=shop".into(), json!({}), 409, "ALREADY_EXISTS", "already exists"),
        (
            Method::POST,
            "projects".into(),
            json!({}),
            400,
            "INVALID_PARAMETER_VALUE",
            "Field 'project_id' is required",
        ),
        (
            Method::GET,
            "projects/none/branches/none".into(),
            Value::Null,
            404,
            "NOT_FOUND",
            "project id not found",
        ),
        (
            Method::GET,
            "projects/..%2Fx%00%C3%BC".into(),
            Value::Null,
            404,
            "NOT_FOUND",
            "project id not found",
        ),
        (
            Method::GET,
            "nonsense".into(),
            Value::Null,
            404,
            "ENDPOINT_NOT_FOUND",
            "No API found for 'GET /postgres/nonsense'",
        ),
        (Method::DELETE, MAIN.to_owned(), Value::Null, 400, "BAD_REQUEST", "Cannot delete root branch"),
        (
            Method::DELETE,
            format!("{MAIN}/endpoints/primary"),
            Value::Null,
            400,
            "BAD_REQUEST",
            "Cannot delete read-write endpoint",
        ),
        (
            Method::GET,
            format!("{MAIN}/endpoints?page_size=9"),
            Value::Null,
            400,
            "INVALID_PARAMETER_VALUE",
            "page_size",
        ),
        (
            Method::POST,
            "projects/shop/branches?branch_id=x".into(),
            json!({"spec": {}}),
            400,
            "BAD_REQUEST",
            "Expiration must be specified",
        ),
        (
            Method::POST,
            "projects/shop/branches?branch_id=x".into(),
            json!({"branch": {"spec": {"no_expiry": true}}}),
            400,
            "BAD_REQUEST",
            "Expiration must be",
        ),
        (
            Method::POST,
            "projects/shop/branches?branch_id=production".into(),
            json!({"spec": {"no_expiry": true}}),
            400,
            "BAD_REQUEST",
            "branch already exists; branch_name:\"production\"",
        ),
        (
            Method::POST,
            "projects/shop/branches?branch_id=x".into(),
            json!({"spec": {"ttl": "2592001s"}}),
            400,
            "BAD_REQUEST",
            "exceeds the maximum",
        ),
        (
            Method::POST,
            "projects/shop/branches?branch_id=x".into(),
            json!({"spec": {"no_expiry": true, "source_branch": "projects/shop/branches/none"}}),
            404,
            "NOT_FOUND",
            "branch id not found",
        ),
        (
            Method::POST,
            "projects/shop/branches?branch_id=x".into(),
            json!({"spec": {"no_expiry": true, "source_branch": "projects/other/branches/main"}}),
            400,
            "BAD_REQUEST",
            "same Project",
        ),
        (
            Method::POST,
            "projects/shop/branches?branch_id=x".into(),
            json!({"spec": {"no_expiry": true, "source_snapshot": "projects/shop/snapshots/s"}}),
            404,
            "NOT_FOUND",
            "snapshot id not found",
        ),
        (
            Method::POST,
            format!("{MAIN}/endpoints?endpoint_id=rw2"),
            json!({"spec": {"endpoint_type": "ENDPOINT_TYPE_READ_WRITE"}}),
            400,
            "BAD_REQUEST",
            "read_write endpoint already exists",
        ),
        (
            Method::POST,
            format!("{MAIN}/databases?database_id=d"),
            json!({"spec": {"postgres_database": "d"}}),
            400,
            "INVALID_PARAMETER_VALUE",
            "Field 'database.spec.role' is required",
        ),
        (
            Method::POST,
            format!("{MAIN}/databases?database_id=d"),
            json!({"spec": {"postgres_database": "d", "role": format!("{MAIN}/roles/none")}}),
            404,
            "NOT_FOUND",
            "role not found; role_id:\"none\"",
        ),
        (
            Method::POST,
            "projects/shop/branches/gone/undelete".into(),
            json!({}),
            404,
            "NOT_FOUND",
            "branch id not found",
        ),
        (
            Method::PATCH,
            format!("{MAIN}/endpoints/primary?update_mask=spec.group"),
            json!({"spec": {"group": {"min": 2, "max": 2, "enable_readable_secondaries": false}}}),
            501,
            "NOT_IMPLEMENTED",
            "leave 'group.min' and 'group.max' at 1",
        ),
        (
            Method::PATCH,
            format!("{MAIN}/endpoints/primary?update_mask=spec.group.enable_readable_secondaries"),
            json!({"spec": {"group": {"enable_readable_secondaries": true}}}),
            501,
            "NOT_IMPLEMENTED",
            "High availability",
        ),
        (
            Method::PATCH,
            format!("{MAIN}?update_mask=spec.ttl"),
            json!({"spec": {"ttl": "60s"}}),
            400,
            "INVALID_PARAMETER_VALUE",
            "Unknown field path",
        ),
        (
            Method::POST,
            "credentials".into(),
            json!({"endpoint": format!("{MAIN}/endpoints/none")}),
            404,
            "NOT_FOUND",
            "endpoint id not found",
        ),
        (Method::PUT, "projects".into(), json!({}), 404, "ENDPOINT_NOT_FOUND", "No API found"),
    ] {
        let (got, error, message) = fixture.refused(method.clone(), &path, body).await;
        assert_eq!((got, error.as_str()), (status, code), "{method} {path}: {message}");
        assert!(message.contains(text), "{method} {path}: {message}");
    }
    let (_, error) = fixture.call(Method::DELETE, MAIN, Value::Null).await;
    assert_eq!(error["details"][0]["metadata"]["declarative_context"], "MANAGED_BY_PARENT");
    fixture.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_takes_its_time_is_polled_until_it_is_done() {
    let dir = temp_dir();
    let fixture = Fixture::of(builder(&dir).latency(DoneAfter::Polls(2)).start().await.unwrap(), dir);
    let (_, first) = fixture.call(Method::POST, "projects?project_id=shop", json!({})).await;
    assert_eq!(first["done"], false, "{first}");
    assert_eq!(
        first["metadata"]["@type"],
        "type.googleapis.com/databricks.postgres.v1.ProjectOperationMetadata"
    );
    let name = first["name"].as_str().unwrap();
    let mut answers = 0;
    let done = loop {
        let operation = fixture.get(name).await;
        answers += 1;
        if operation["done"] == true {
            break operation;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert!(answers > 2, "{answers}");
    assert_eq!(done["response"], fixture.get("projects/shop").await);
    fixture.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_project_comes_back_until_it_is_purged_and_all_outlives_a_restart() {
    let fixture = Fixture::start().await;
    fixture.project("shop").await;
    fixture.branch("shop", "dev").await;
    let before = fixture.get("projects/shop/branches/dev/endpoints/primary").await;
    fixture.done(Method::DELETE, "projects/shop", Value::Null).await;
    assert_eq!(fixture.get("projects").await["projects"], json!([]));
    assert!(fixture.get("projects/shop").await["purge_time"].is_string());
    fixture.done(Method::POST, "projects/shop/undelete", json!({})).await;
    let Fixture { local, dir, .. } = fixture;
    local.shutdown().await;

    let fixture = Fixture::of(builder(&dir).start().await.unwrap(), dir);
    let after = fixture.get("projects/shop/branches/dev/endpoints/primary").await;
    assert_eq!(after["status"]["hosts"], before["status"]["hosts"]);
    assert_eq!(after["status"]["current_state"], "IDLE");
    let mut woken = fixture.connect("projects/shop/branches/dev").await.unwrap();
    assert_eq!(fixture.number(&mut woken, "SELECT 1::bigint").await, 1);
    fixture.done(Method::DELETE, "projects/shop?purge=true", Value::Null).await;
    assert_eq!(fixture.refused(Method::GET, "projects/shop", Value::Null).await.0, 404);
    fixture.local.shutdown().await;
}
