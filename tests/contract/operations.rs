//! Long-running operations.

use serde_json::json;

use crate::support::fixture::{Fixture, expect, on_a_project};

fn kind(operation: &serde_json::Value) -> &str {
    let kind = operation["metadata"]["@type"].as_str().unwrap();
    kind.strip_prefix("type.googleapis.com/databricks.postgres.v1.").unwrap()
}

#[tokio::test]
async fn every_change_is_an_operation_of_its_resource_that_can_be_read_again() {
    on_a_project(async |fixture: Fixture| {
        let (project, main, owner) = (&fixture.project.name, &fixture.main.name, fixture.owner().await);
        let endpoint = format!("{main}/endpoints/primary");
        let changes = [
            (
                format!("POST {project}/branches?branch_id=b"),
                json!({"spec": {"no_expiry": true}}),
                format!("{project}/branches/b"),
                "Branch",
            ),
            (
                format!("PATCH {project}?update_mask=spec.display_name"),
                json!({"spec": {"display_name": "x"}}),
                project.to_string(),
                "Project",
            ),
            (
                format!("PATCH {endpoint}?update_mask=spec.suspension"),
                json!({"spec": {"no_suspension": true}}),
                endpoint.clone(),
                "Endpoint",
            ),
            (
                format!("POST {main}/roles?role_id=r"),
                json!({"spec": {"postgres_role": "r"}}),
                format!("{main}/roles/r"),
                "Role",
            ),
            (
                format!("POST {main}/databases?database_id=d"),
                json!({"spec": {"postgres_database": "d", "role": owner.to_string()}}),
                format!("{main}/databases/d"),
                "Database",
            ),
        ];
        for (call, body, resource, subject) in changes {
            let operation = fixture.operation(&call, body).await;
            let name = operation["name"].as_str().unwrap();
            assert!(name.starts_with(&format!("{resource}/operations/")), "{operation}");
            assert_eq!(kind(&operation), format!("{subject}OperationMetadata"));
            assert_eq!(operation["response"]["name"], resource.as_str(), "{operation}");
            assert!(operation.get("error").is_none(), "{operation}");
            assert_eq!(fixture.send(&format!("GET {name}"), None).await, operation);
        }
    })
    .await;
}

#[tokio::test]
async fn the_response_is_what_a_read_shows() {
    on_a_project(async |fixture: Fixture| {
        let call = format!("POST {}/branches?branch_id=b", fixture.project.name);
        let mut response =
            fixture.operation(&call, json!({"spec": {"ttl": "3600s"}})).await["response"].take();
        let mut read = fixture.send(&format!("GET {}/branches/b", fixture.project.name), None).await;
        for branch in [&mut response, &mut read] {
            // Measured anew at each read.
            branch["status"].as_object_mut().unwrap().remove("logical_size_bytes").unwrap();
        }
        assert_eq!(response, read);
    })
    .await;
}

#[tokio::test]
async fn a_finished_delete_has_an_empty_response() {
    on_a_project(async |fixture: Fixture| {
        let branch = fixture.branch("b").await;
        let operation = fixture.operation(&format!("DELETE {}", branch.name), None).await;
        assert_eq!(operation["response"], json!({"@type": "type.googleapis.com/google.protobuf.Empty"}));
        assert_eq!(kind(&operation), "BranchOperationMetadata");
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_no_json_or_no_resource_is_refused() {
    on_a_project(async |fixture: Fixture| {
        let call = format!("POST {}/branches?branch_id=b", fixture.project.name);
        for body in [json!([]), json!("text"), json!(7), json!({"spec": []}), json!({"spec": {"ttl": {}}})] {
            expect(&fixture.refused(&call, body).await, 400, "INVALID_PARAMETER_VALUE", "");
        }
    })
    .await;
}
