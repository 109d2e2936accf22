//! Changes of computes that are under way.

use reqwest::Method;
use serde_json::{Value, json};

use super::Fixture;

#[tokio::test(flavor = "multi_thread")]
async fn while_a_compute_changes_it_says_so_and_its_branch_is_not_deleted() {
    let fixture = Fixture::start().await;
    fixture.project("shop").await;
    let dev = fixture.branch("shop", "dev").await["name"].as_str().unwrap().to_owned();
    let primary = format!("{dev}/endpoints/primary");
    let before = fixture.get(&primary).await;
    assert!(before["status"]["pending_state"].is_null(), "{before}");

    let change = fixture.control().begin_change(before["uid"].as_str().unwrap());
    assert_eq!(fixture.get(&primary).await["status"]["pending_state"], "ACTIVE");
    let (status, code, message) = fixture.refused(Method::DELETE, &dev, Value::Null).await;
    assert_eq!((status, code.as_str()), (409, "ABORTED"));
    assert!(message.contains("reconciliation") && message.contains(&primary), "{message}");

    drop(change);
    let body = json!({"spec": {"autoscaling_limit_max_cu": 2}});
    let path = format!("{primary}?update_mask=spec.autoscaling_limit_max_cu");
    let after = fixture.done(Method::PATCH, &path, body).await;
    assert!(after["status"]["pending_state"].is_null(), "{after}");
    assert_eq!(after, fixture.get(&primary).await);
    fixture.done(Method::DELETE, &dev, Value::Null).await;
    fixture.local.shutdown().await;
}
