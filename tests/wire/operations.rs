use std::time::Duration;

use lakebase::{
    ErrorKind, Expiry,
    model::{BranchInfo, Progress},
};
use serde_json::json;

use crate::support::mock::{MockService, child, done, running};

const DEV: &str = "projects/shop/branches/dev";
const OPERATION: &str = "GET projects/shop/branches/dev/operations/AbC+12==";

#[tokio::test]
async fn an_operation_that_has_ended_is_not_asked_for_again() {
    let service = MockService::new().await;
    service.on("POST projects/shop/branches", done(DEV, child("dev"))).await;
    let mut operation = service.project().create_branch("dev", Expiry::Never).start().await.unwrap();
    assert!(matches!(operation.poll().await.unwrap(), Progress::Done(_)));
    assert_eq!(operation.wait().await.unwrap().name.to_string(), DEV);
    assert_eq!(service.calls().await.len(), 1);
}

#[tokio::test]
async fn an_operation_is_resumed_by_its_name_and_may_be_missing_for_a_moment() {
    let service = MockService::new().await;
    service.refuse_once(OPERATION, 404, "NOT_FOUND", "operation id not found").await;
    service.once(OPERATION, running(DEV)).await;
    service.on(OPERATION, done(DEV, child("dev"))).await;
    let name = format!("{DEV}/operations/AbC+12==");
    let branch = service.lakebase.operation::<BranchInfo>(name).unwrap().await.unwrap();
    assert_eq!(branch.id().as_str(), "dev");
    assert_eq!(service.calls().await.len(), 3);
}

#[tokio::test]
async fn a_failed_operation_has_the_kind_of_its_code_and_its_name() {
    let service = MockService::new().await;
    for (code, kind) in
        [("QUOTA_EXCEEDED", ErrorKind::RateLimited), ("SOMETHING", ErrorKind::OperationFailed)]
    {
        let mut failed = running(DEV);
        failed["done"] = json!(true);
        failed["error"] = json!({"error_code": code, "message": "no more branches"});
        service.once(OPERATION, failed).await;
        let name = format!("{DEV}/operations/AbC+12==");
        let error = service.lakebase.operation::<BranchInfo>(name).unwrap().await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.operation().unwrap().ends_with("AbC+12=="));
        assert!(error.to_string().contains("no more branches"), "{error}");
    }
}

#[tokio::test]
async fn an_operation_that_never_ends_is_given_up_by_name_and_can_be_waited_for_again() {
    let service = MockService::new().await;
    for _ in 0..3 {
        service.once(OPERATION, running(DEV)).await;
    }
    service.slowly(OPERATION, running(DEV), Duration::from_secs(60)).await;
    let name = format!("{DEV}/operations/AbC+12==");
    let mut operation = service.lakebase.operation::<BranchInfo>(name).unwrap();
    let error = operation.wait_for(Duration::from_millis(400)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("Lakebase::operation resumes"), "{error}");
    assert_eq!(error.operation(), Some(operation.name().as_str()));
}

#[tokio::test]
async fn a_cancelled_wait_loses_nothing() {
    let service = MockService::new().await;
    service.slowly(OPERATION, done(DEV, child("dev")), Duration::from_millis(80)).await;
    let name = format!("{DEV}/operations/AbC+12==");
    let mut operation = service.lakebase.operation::<BranchInfo>(name).unwrap();
    let cut = tokio::time::timeout(Duration::from_millis(20), operation.wait()).await;
    assert!(cut.is_err());
    assert_eq!(operation.wait().await.unwrap().id().as_str(), "dev");
}

#[tokio::test]
async fn an_operation_that_ends_without_its_resource_is_a_broken_promise() {
    let service = MockService::new().await;
    service.on(OPERATION, json!({"name": format!("{DEV}/operations/AbC+12=="), "done": true})).await;
    let name: lakebase::name::OperationName = format!("{DEV}/operations/AbC+12==").parse().unwrap();
    let error = service.lakebase.operation::<BranchInfo>(name.clone()).unwrap().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    service.lakebase.operation::<()>(name).unwrap().await.unwrap();
}
