use lakebase::{ErrorKind, Expiry, hours};
use serde_json::{Value, json};

use crate::support::mock::{MockService, child, done, endpoint, gone, project, root, with};

const DEV: &str = "projects/shop/branches/dev";

fn own_endpoint() -> Value {
    let small = with(endpoint("dev", "primary"), "/status/autoscaling_limit_max_cu", json!(2));
    with(small, "/status/settings", json!({"pg_settings": {"work_mem": "8MB"}}))
}

/// A service in which the branch is there until it is deleted.
async fn before_deletion() -> MockService {
    let service = MockService::new().await;
    service.once(&format!("GET {DEV}"), child("dev")).await;
    service.once(&format!("GET {DEV}"), child("dev")).await;
    service.refuse_once(&format!("GET {DEV}"), 404, "NOT_FOUND", "branch id not found").await;
    service.once(&format!("GET {DEV}/endpoints"), json!({"endpoints": [own_endpoint()]})).await;
    service.on("GET projects/shop/branches", json!({"branches": [root(), child("dev")]})).await;
    service.on(&format!("DELETE {DEV}"), gone(DEV)).await;
    service
}

async fn ready(service: &MockService) {
    service.on(&format!("GET {DEV}"), child("dev")).await;
    let endpoints = json!({"endpoints": [endpoint("dev", "primary")]});
    service.on(&format!("GET {DEV}/endpoints"), endpoints).await;
}

#[tokio::test]
async fn a_reset_deletes_so_that_it_can_be_undone_makes_again_and_sets_up_the_endpoint() {
    let service = before_deletion().await;
    service.on("POST projects/shop/branches", done(DEV, child("dev"))).await;
    let primary = format!("{DEV}/endpoints/primary");
    service.on(&format!("PATCH {primary}"), done(&primary, own_endpoint())).await;
    ready(&service).await;
    service.branch().reset().expiry(Expiry::after(hours(1))).await.unwrap();
    let changes = service.changes().await;
    assert_eq!(changes[0], format!("DELETE {DEV}"));
    assert!(changes[1].contains("\"source_branch\":\"projects/shop/branches/production\""), "{changes:?}");
    assert!(changes[2].starts_with(&format!("PATCH {primary}?update_mask=")), "{changes:?}");
    let body = changes[2].split_once(' ').unwrap().1.split_once(' ').unwrap().1;
    let spec = &serde_json::from_str::<Value>(body).unwrap()["spec"];
    assert_eq!(spec["autoscaling_limit_max_cu"], 2);
    assert_eq!(spec["settings"]["pg_settings"]["work_mem"], "8MB");
    assert_eq!(spec.get("disabled"), None, "what is the same is not sent");
    assert_eq!(changes.len(), 3);
}

#[tokio::test]
async fn a_reset_whose_creation_fails_brings_the_branch_back() {
    let service = before_deletion().await;
    service.refuse("POST projects/shop/branches", 400, "BAD_REQUEST", "no more branches").await;
    service.on(&format!("POST {DEV}/undelete"), gone(DEV)).await;
    let error = service.branch().reset().expiry(Expiry::Never).await.unwrap_err();
    assert!(error.to_string().contains("the branch is what it was"), "{error}");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("no more branches"), "{cause}");
    assert!(service.changes().await[2].starts_with(&format!("POST {DEV}/undelete")));
}

#[tokio::test]
async fn a_reset_that_was_interrupted_is_continued_by_another() {
    let service = MockService::new().await;
    service.refuse_once(&format!("GET {DEV}"), 404, "NOT_FOUND", "branch id not found").await;
    service.refuse_once(&format!("GET {DEV}"), 404, "NOT_FOUND", "branch id not found").await;
    let deleted = with(child("dev"), "/delete_time", json!("2026-08-02T11:00:00Z"));
    service.once("GET projects/shop/branches", json!({"branches": [root(), deleted]})).await;
    service.on("GET projects/shop/branches", json!({"branches": [root()]})).await;
    service.refuse(&format!("DELETE {DEV}"), 404, "NOT_FOUND", "branch id not found").await;
    service.on("POST projects/shop/branches", done(DEV, child("dev"))).await;
    ready(&service).await;
    service.branch().reset().expiry(Expiry::Never).await.unwrap();
    let calls = service.calls().await;
    assert!(calls.iter().any(|call| call.contains("show_deleted=true")), "{calls:?}");
    assert!(service.changes().await.iter().any(|call| call.starts_with("POST projects/shop/branches?")));

    let service = MockService::new().await;
    service.refuse(&format!("GET {DEV}"), 404, "NOT_FOUND", "branch id not found").await;
    service.on("GET projects/shop/branches", json!({"branches": [root()]})).await;
    assert_eq!(service.branch().reset().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(service.changes().await, [""; 0]);
}

#[tokio::test]
async fn a_reset_that_cannot_be_finished_changes_nothing() {
    let grandchild = with(child("leaf"), "/status/source_branch", json!(DEV));
    let expiring = with(root(), "/status/expire_time", json!("2026-09-01T00:00:00Z"));
    for (branch, others, part) in [
        (root(), vec![root()], "root branch"),
        (with(child("dev"), "/status/is_protected", json!(true)), vec![root()], "protected"),
        (child("dev"), vec![root(), grandchild], "branches/leaf"),
        (child("dev"), vec![child("dev")], "is gone"),
        (child("dev"), vec![expiring], "has an expiry"),
    ] {
        let service = MockService::new().await;
        service.on(&format!("GET {DEV}"), branch).await;
        service.on("GET projects/shop/branches", json!({"branches": others})).await;
        service.on("GET projects/shop", project("shop")).await;
        let error = service.branch().reset().expiry(Expiry::Never).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(service.changes().await, [""; 0]);
    }
}
