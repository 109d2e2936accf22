//! Paths, bodies, ids and the shape of answers.

use lakebase::{ErrorKind, Expiry, Lakebase, auth::Env, builder::Method};
use serde_json::{Value, json};

use crate::support::fixture::{
    Fixture, client, expect, fresh_id, is_workspace, on, on_a_project, refused_by,
};

#[tokio::test]
async fn a_call_with_a_wrong_token_is_not_authenticated() {
    let host = client().await.host().to_string();
    let builder = Lakebase::builder().env(Env::empty()).host(&host).token("wrong");
    let error = builder.build().await.unwrap().projects().await.unwrap_err();
    // A workspace may call it a lack of permission.
    let refused = (error.kind(), error.status());
    let forbidden = is_workspace() && refused == (ErrorKind::PermissionDenied, Some(403));
    assert!(forbidden || refused == (ErrorKind::Unauthenticated, Some(401)), "{error}");
}

#[tokio::test]
async fn a_wrapper_around_the_resource_is_an_unknown_field() {
    on_a_project(async |fixture: Fixture| {
        let call = format!("POST {}/branches?branch_id=b", fixture.project.name);
        let refused = fixture.refused(&call, json!({"branch": {"spec": {"no_expiry": true}}})).await;
        expect(&refused, 400, "BAD_REQUEST", "Expiration must be specified when creating a branch");
    })
    .await;
}

#[tokio::test]
async fn the_id_of_a_new_resource_comes_from_the_query_alone() {
    let required =
        |field: &str| format!("Field '{field}' is required, expected non-default value (not \"\")!");
    let refused = refused_by(&client().await, "POST projects", json!({"project_id": "p"})).await;
    expect(&refused, 400, "INVALID_PARAMETER_VALUE", &required("project_id"));
    on_a_project(async |fixture: Fixture| {
        let Fixture { project, main, .. } = &fixture;
        for query in ["", "?branch_id="] {
            let body = json!({"branch_id": "b", "spec": {"no_expiry": true}});
            let refused = fixture.refused(&format!("POST {}/branches{query}", project.name), body).await;
            expect(&refused, 400, "INVALID_PARAMETER_VALUE", &required("branch_id"));
        }
        let body = json!({"endpoint_id": "e", "spec": {"endpoint_type": "ENDPOINT_TYPE_READ_WRITE"}});
        let refused = fixture.refused(&format!("POST {}/endpoints", main.name), body).await;
        expect(&refused, 400, "INVALID_PARAMETER_VALUE", &required("endpoint_id"));
    })
    .await;
}

#[tokio::test]
async fn an_id_that_breaks_the_pattern_is_refused_with_the_pattern() {
    on_a_project(async |fixture: Fixture| {
        let owner = fixture.owner().await;
        let pattern = "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$";
        let spec = json!({"spec": {"no_expiry": true, "postgres_database": "d", "postgres_role": "r",
            "role": owner.to_string(), "endpoint_type": "ENDPOINT_TYPE_READ_WRITE"}});
        for (path, field) in
            [("databases", "database_id"), ("roles", "role_id"), ("endpoints", "endpoint_id")]
        {
            let call = format!("POST {}/{path}?{field}=Invalid_ID", fixture.main.name);
            let text = format!("Field {field} must match pattern {pattern}, got 'Invalid_ID'.");
            expect(&fixture.refused(&call, spec.clone()).await, 400, "INVALID_PARAMETER_VALUE", &text);
        }
        for id in ["-a", "a-", "1a", "a_b", "ä", "a.b", "..", "a/b", "%00", "a%20b", &"a".repeat(64), "日本"]
        {
            let id: String = percent(id);
            let call = format!("POST {}/branches?branch_id={id}", fixture.project.name);
            expect(
                &fixture.refused(&call, spec.clone()).await,
                400,
                "INVALID_PARAMETER_VALUE",
                "Field branch_id must",
            );
        }
    })
    .await;
}

/// Encoded for a query, but for what is encoded already.
fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'%' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[tokio::test]
async fn no_id_in_a_path_leads_anywhere_else() {
    let lakebase = client().await;
    for id in ["%2e%2e", "%2F", "a%2F..%2Fb", "%00", "%ff", "%E6%97%A5", "a%0Ab", "%25", "a%20b"] {
        for path in [format!("projects/{id}"), format!("projects/{id}/branches/{id}/endpoints/{id}")] {
            let refused = refused_by(&lakebase, &format!("GET {path}"), None).await;
            assert!(matches!(refused.0, 400 | 404), "{path}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn output_only_and_unknown_fields_are_ignored_in_a_body() {
    on_a_project(async |fixture: Fixture| {
        let call = format!("POST {}/branches?branch_id=b", fixture.project.name);
        let body = json!({
            "name": 7, "uid": ["mine"], "create_time": "yesterday", "display_name": "x", "parent": {},
            "status": {"current_state": 5, "default": "maybe", "logical_size_bytes": []},
            "spec": {"no_expiry": true, "colour": "green"}, "missing": {"knows": null},
        });
        let operation = fixture.operation(&call, body).await;
        let branch = &operation["response"];
        assert_eq!(branch["branch_id"], "b", "{operation}");
        assert!(branch["uid"].as_str().unwrap().starts_with("br-"), "{operation}");
    })
    .await;
}

#[tokio::test]
async fn numbers_may_come_as_text_and_whole_numbers_as_fractions() {
    on_a_project(async |fixture: Fixture| {
        let id = fresh_id("contract");
        let version = fixture.project.pg_version.unwrap().to_string();
        let body = json!({"spec": {"pg_version": version,
            "default_endpoint_settings": {"autoscaling_limit_min_cu": 1, "autoscaling_limit_max_cu": "2"}}});
        let operation = fixture.operation(&format!("POST projects?project_id={id}"), body).await;
        let status = &operation["response"]["status"];
        assert_eq!(status["pg_version"].to_string(), version, "{operation}");
        assert_eq!(status["default_endpoint_settings"]["autoscaling_limit_max_cu"].as_f64(), Some(2.0));
        fixture.operation(&format!("DELETE projects/{id}?purge=true"), None).await;
    })
    .await;
}

#[tokio::test]
async fn answers_hold_the_status_with_its_zeros_and_never_the_spec() {
    on_a_project(async |fixture: Fixture| {
        let Fixture { project, main, .. } = &fixture;
        let read = async |path: String| fixture.send(&format!("GET {path}"), None).await;
        let project = read(project.name.to_string()).await;
        let branch = read(main.name.to_string()).await;
        let endpoint = read(format!("{}/endpoints", main.name)).await["endpoints"][0].clone();
        let role = read(format!("{}/roles", main.name)).await["roles"][0].clone();
        let database = read(format!("{}/databases", main.name)).await["databases"][0].clone();
        let all = [
            ("project", &project, &["enable_pg_native_login", "synthetic_storage_size_bytes"][..]),
            ("branch", &branch, &["default", "is_protected", "logical_size_bytes"]),
            ("endpoint", &endpoint, &["disabled", "settings", "group"]),
            ("role", &role, &["attributes", "identity_type", "auth_method"]),
            ("database", &database, &["postgres_database", "role"]),
        ];
        for (kind, resource, present) in all {
            let fields = resource.as_object().unwrap();
            assert!(!fields.contains_key("spec"), "{resource}");
            for field in present {
                assert!(!resource["status"][field].is_null(), "{field} of {resource}");
            }
            let id = format!("{kind}_id");
            assert!(resource[&id].is_string() && resource[&id] == resource["status"][&id], "{resource}");
            assert!(resource["name"].as_str().unwrap().ends_with(resource[&id].as_str().unwrap()));
            assert_eq!(fields.contains_key("parent"), kind != "project", "{resource}");
            assert_eq!(fields.contains_key("uid"), !["role", "database"].contains(&kind), "{resource}");
            assert!(resource["create_time"].as_str().unwrap().ends_with('Z'), "{resource}");
            assert!(!resource.to_string().contains("null"), "{resource}");
        }
        assert_eq!(project["status"]["history_retention_duration"], "604800s");
        assert_eq!(project["status"]["default_endpoint_settings"]["suspend_timeout_duration"], "86400s");
        assert_eq!(endpoint["status"]["group"]["enable_readable_secondaries"], false);
        assert_eq!(role["status"]["attributes"].as_object().unwrap().len(), 3, "{role}");
        for absent in ["expire_time", "source_branch", "source_branch_lsn", "pending_state"] {
            assert_eq!(branch["status"][absent], Value::Null, "{branch}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_creation_time_stays_and_the_update_time_moves() {
    on_a_project(async |fixture: Fixture| {
        let before = fixture.branch("b").await;
        let after = before.update().protected(true).await.unwrap();
        assert_eq!(before.create_time, after.create_time);
        assert_eq!(before.state_change_time, after.state_change_time);
        assert!(before.update_time < after.update_time, "{after:?}");
        after.update().protected(false).await.unwrap();
        let project = fixture.project.update().display_name("Another").await.unwrap();
        assert_eq!(project.create_time, fixture.project.create_time);
        assert!(project.update_time > fixture.project.update_time, "{project:?}");
    })
    .await;
}

#[tokio::test]
async fn a_path_that_is_no_resource_is_named_in_the_refusal() {
    let refused = refused_by(&client().await, "GET nothing/here", None).await;
    expect(&refused, 404, "ENDPOINT_NOT_FOUND", "No API found for 'GET /postgres/nothing/here'");
}

#[tokio::test]
async fn what_is_missing_is_looked_for_from_the_project_down() {
    on_a_project(async |fixture: Fixture| {
        let project = &fixture.project.name;
        let main = &fixture.main.name;
        for (path, text) in [
            ("projects/no-project/branches/b/endpoints/e".to_owned(), "project id not found [TraceId: "),
            ("projects/no-project/branches".to_owned(), "project id not found"),
            (format!("{project}/branches/missing"), "branch id not found [TraceId: "),
            (format!("{project}/branches/missing/endpoints/e"), "branch id not found"),
            (format!("{project}/branches/missing/roles"), "branch id not found"),
            (format!("{main}/endpoints/missing"), "endpoint id not found"),
            (format!("{main}/roles/missing"), "role not found; role_id:\"missing\""),
            (format!("{main}/databases/missing"), "database id not found"),
            (format!("{main}/operations/missing"), "operation id not found"),
        ] {
            expect(&fixture.refused(&format!("GET {path}"), None).await, 404, "NOT_FOUND", text);
        }
    })
    .await;
}

#[tokio::test]
async fn pages_follow_each_other_oldest_first() {
    on_a_project(async |fixture: Fixture| {
        for id in ["c", "a", "b"] {
            fixture.branch(id).await;
        }
        let pages = fixture.project.branches().page_size(1).await.unwrap();
        let ids: Vec<_> = pages.iter().map(|branch| branch.id().to_string()).collect();
        assert_eq!(ids, ["production", "c", "a", "b"]);
        let path = format!("GET {}/branches", fixture.project.name);
        assert!(fixture.refused(&format!("{path}?page_size=-1"), None).await.2.contains("page_size"));
        assert_eq!(fixture.refused(&format!("{path}?page_token=none"), None).await.0, 400);
        let endpoints = format!("GET {}/endpoints", fixture.main.name);
        assert_eq!(fixture.refused(&format!("{endpoints}?page_size=9"), None).await.0, 400);
        fixture.send(&format!("{endpoints}?page_size=10"), None).await;
    })
    .await;
}

#[tokio::test]
async fn a_client_need_not_know_which_server_it_talks_to() {
    let lakebase = client().await;
    let id = fresh_id("contract");
    let project = lakebase.create_project(id.as_str()).display_name("The same").await.unwrap();
    on(lakebase, project, async |fixture: Fixture| {
        assert_eq!(fixture.project.display_name, "The same");
        let child = fixture.main.create_branch("dev", Expiry::After(lakebase::hours(1))).await.unwrap();
        assert!(child.expire_time.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_branch_without_a_snapshot_schedule_has_an_empty_one() {
    on_a_project(async |fixture: Fixture| {
        assert!(fixture.main.handle().snapshot_schedule().await.unwrap().rules.is_empty());
        let name = format!("{}/snapshot-schedule", fixture.main.name);
        let operation = fixture.operation(&format!("PATCH {name}?update_mask=schedule"), json!({})).await;
        let of = operation["name"].as_str().unwrap();
        assert!(of.starts_with(&format!("{name}/operations/")), "{operation}");
        assert_eq!(operation["response"]["name"], name, "{operation}");
        assert!(fixture.main.handle().set_snapshot_schedule([]).await.unwrap().rules.is_empty());
        let missing = format!("GET {}/branches/missing/snapshot-schedule", fixture.project.name);
        expect(&fixture.refused(&missing, None).await, 404, "NOT_FOUND", "branch id not found");
    })
    .await;
}

#[tokio::test]
async fn deleted_branches_are_shown_only_when_asked_for() {
    on_a_project(async |fixture: Fixture| {
        fixture.branch("gone").await.delete().await.unwrap();
        let there = fixture.project.branches().await.unwrap();
        assert!(there.iter().all(|branch| branch.id().as_str() != "gone"));
        for branch in fixture.project.branches().show_deleted().await.unwrap() {
            assert_eq!(branch.id().as_str() == "gone", branch.delete_time.is_some(), "{branch:?}");
        }
        let call = format!("GET {}/branches?show_deleted=perhaps", fixture.project.name);
        expect(&fixture.refused(&call, None).await, 400, "INVALID_PARAMETER_VALUE", "Field 'show_deleted'");
    })
    .await;
}

#[tokio::test]
async fn fields_of_earlier_clients_are_read_without_complaint() {
    let (lakebase, id) = (client().await, fresh_id("contract"));
    let spec = json!({
        "spec": {"compute_provisioner": "x"}, "initial_database_spec": {"postgres_database": "app"},
        "initial_role_spec": {"postgres_role": "ada@example.com", "identity_type": "USER"}
    });
    let path = format!("/api/2.0/postgres/projects?project_id={id}");
    lakebase.request(Method::Post, &path, spec).await.unwrap();
    let project = lakebase.project(id.as_str()).unwrap().wait_until_ready().await.unwrap();
    on(lakebase, project, async |fixture: Fixture| {
        let endpoint = format!("{}/endpoints/primary", fixture.main.name);
        let body = json!({"endpoint": endpoint, "group_name": "team"});
        assert!(fixture.send("POST credentials", body).await["token"].is_string());
        if !is_workspace() {
            let computes = fixture.send(&format!("GET {endpoint}/compute-instances"), None).await;
            assert_eq!(computes["compute_instances"].as_array().unwrap().len(), 1, "{computes}");
            let call = format!("DELETE {}/branches/none?allow_missing=true", fixture.project.name);
            fixture.operation(&call, None).await;
        }
    })
    .await;
}
