//! Endpoints.

use std::time::Duration;

use lakebase::model::{EndpointState, EndpointType, Suspension};
use serde_json::json;

use crate::support::fixture::{Fixture, expect, is_workspace, number, on_a_project, parts};

#[tokio::test]
async fn a_branch_has_one_read_write_endpoint_which_can_be_adopted() {
    on_a_project(async |fixture: Fixture| {
        for id in ["primary", "second"] {
            let error = fixture.main.create_endpoint(id, EndpointType::ReadWrite).await.unwrap_err();
            expect(&parts(&error), 400, "BAD_REQUEST", "read_write endpoint already exists");
        }
        let before = fixture.main.endpoint("primary").unwrap().get().await.unwrap();
        let adopt = fixture.main.create_endpoint("primary", EndpointType::ReadWrite).replace_existing();
        let after = adopt.autoscaling(1.0..=4.0).await.unwrap();
        assert_eq!((&after.uid, after.create_time), (&before.uid, before.create_time));
        assert_eq!(after.max_cu, Some(4.0));
        assert!(after.update_time > before.update_time);
    })
    .await;
}

#[tokio::test]
async fn the_read_write_endpoint_goes_with_its_branch_alone() {
    on_a_project(async |fixture: Fixture| {
        let endpoint = fixture.main.endpoint("primary").unwrap();
        let error = endpoint.delete().await.unwrap_err();
        let text = format!(
            "Cannot delete read-write endpoint '{}'. Read-write endpoints cannot be deleted.",
            endpoint.name()
        );
        expect(&parts(&error), 400, "BAD_REQUEST", &text);
        assert!(error.is_managed_by_parent());
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_without_a_type_is_refused() {
    on_a_project(async |fixture: Fixture| {
        let call = format!("POST {}/endpoints?endpoint_id=e", fixture.main.name);
        assert_eq!(fixture.refused(&call, json!({"spec": {}})).await.0, 400);
        let wrong = json!({"spec": {"endpoint_type": "ENDPOINT_TYPE_SIDEWAYS"}});
        assert_eq!(fixture.refused(&call, wrong).await.0, 400);
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_that_never_sleeps_has_no_timeout_until_it_gets_one() {
    on_a_project(async |fixture: Fixture| {
        let endpoint = fixture.main.endpoint("primary").unwrap();
        endpoint.update().suspension(Suspension::Never).await.unwrap();
        let read = fixture.send(&format!("GET {}", endpoint.name()), None).await;
        assert!(read["status"].get("suspend_timeout_duration").is_none(), "{read}");
        let after = Suspension::After(Duration::from_secs(300));
        assert_eq!(endpoint.update().suspension(after).await.unwrap().suspension, after);
        let call = format!("PATCH {}?update_mask=spec.suspension", endpoint.name());
        for wrong in [
            json!({"no_suspension": false}),
            json!({"suspend_timeout_duration": "59s"}),
            json!({"suspend_timeout_duration": "604801s"}),
            json!({"no_suspension": true, "suspend_timeout_duration": "60s"}),
        ] {
            assert_eq!(fixture.refused(&call, json!({"spec": wrong})).await.0, 400, "{wrong}");
        }
    })
    .await;
}

#[tokio::test]
async fn sizes_are_half_a_unit_or_whole_and_span_sixteen() {
    on_a_project(async |fixture: Fixture| {
        let name = format!("{}/endpoints/primary", fixture.main.name);
        let call = format!(
            "PATCH {name}?update_mask=spec.autoscaling_limit_min_cu,spec.autoscaling_limit_max_cu"
        );
        let size = |min: f64, max: f64| json!({"spec": {"autoscaling_limit_min_cu": min, "autoscaling_limit_max_cu": max}});
        for (min, max) in [(0.25, 1.0), (1.5, 2.0), (2.0, 1.0), (1.0, 18.0), (0.0, 1.0), (-1.0, 1.0), (113.0, 113.0)] {
            assert_eq!(fixture.refused(&call, size(min, max)).await.0, 400, "{min}–{max}");
        }
        for (min, max) in [(64.0, 65.0), (100.0, 112.0), (0.5, 17.0), (48.0, 66.0)] {
            assert_eq!(fixture.refused(&call, size(min, max)).await.0, 400, "{min}–{max}");
        }
        let operation = fixture.operation(&call, size(0.5, 16.0)).await;
        assert_eq!(operation["response"]["status"]["autoscaling_limit_max_cu"].as_f64(), Some(16.0));
        // One end alone is held to the other one that the endpoint has, in an update and in a replacement.
        let one = |end: &str, cu: f64| json!({"spec": {format!("autoscaling_limit_{end}_cu"): cu}});
        for (end, cu) in [("max", 17.0), ("min", 17.0), ("max", 80.0)] {
            let call = format!("PATCH {name}?update_mask=spec.autoscaling_limit_{end}_cu");
            assert_eq!(fixture.refused(&call, one(end, cu)).await.0, 400, "{end} {cu}");
        }
        let replace = format!("POST {}/endpoints?endpoint_id=primary&replace_existing=true", fixture.main.name);
        let mut spec = size(80.0, 96.0);
        spec["spec"]["endpoint_type"] = json!("ENDPOINT_TYPE_READ_WRITE");
        assert_eq!(fixture.refused(&replace, spec).await.0, 400);
        if !is_workspace() {
            let operation = fixture.operation(&call, size(80.0, 80.0)).await;
            assert_eq!(operation["response"]["status"]["autoscaling_limit_min_cu"].as_f64(), Some(80.0));
        }
        let call = format!("PATCH {}?update_mask=spec.default_endpoint_settings", fixture.project.name);
        let sizes = json!({"autoscaling_limit_min_cu": 1, "autoscaling_limit_max_cu": 18, "no_suspension": true});
        let body = json!({"spec": {"default_endpoint_settings": sizes}});
        assert_eq!(fixture.refused(&call, body).await.0, 400);
    })
    .await;
}

#[tokio::test]
async fn settings_reach_postgres_and_are_replaced_as_a_whole() {
    on_a_project(async |fixture: Fixture| {
        let endpoint = fixture.main.endpoint("primary").unwrap();
        let memory = "SELECT setting::bigint FROM pg_settings WHERE name = 'work_mem'";
        let timeout = "SELECT setting::bigint FROM pg_settings WHERE name = 'lock_timeout'";
        endpoint.update().pg_settings([("work_mem", "7MB"), ("lock_timeout", "3s")]).await.unwrap();
        assert_eq!(number(&fixture.main, memory).await, 7 * 1024);
        assert_eq!(number(&fixture.main, timeout).await, 3000);
        let now = endpoint.update().pg_settings([("work_mem", "9MB")]).await.unwrap();
        assert_eq!(now.pg_settings.len(), 1);
        assert_eq!(number(&fixture.main, memory).await, 9 * 1024);
        assert_eq!(number(&fixture.main, timeout).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_disabled_endpoint_refuses_logins_until_it_is_enabled() {
    on_a_project(async |fixture: Fixture| {
        let endpoint = fixture.main.endpoint("primary").unwrap();
        let mut session = fixture.main.connect().await.unwrap();
        let disabled = endpoint.update().disabled(true).await.unwrap();
        assert!(disabled.disabled);
        assert!(sqlx::raw_sql("SELECT 1").execute(&mut session).await.is_err(), "the session went on");
        let refused = fixture.main.connect().timeout(Duration::from_secs(3)).await.unwrap_err();
        eprintln!("{:?} {refused}", refused.kind());
        assert_eq!(endpoint.get().await.unwrap().state, EndpointState::Idle);
        endpoint.update().disabled(false).await.unwrap();
        assert_eq!(number(&fixture.main, "SELECT 1::bigint").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_host_is_of_the_endpoint_and_the_uid_is_not_the_id() {
    on_a_project(async |fixture: Fixture| {
        let endpoint = fixture.main.endpoint("primary").unwrap().get().await.unwrap();
        assert!(endpoint.uid.as_ref().unwrap().starts_with("ep-"), "{endpoint:?}");
        assert!(endpoint.hosts.host.is_some());
        assert_eq!(endpoint.hosts.read_only_host, None);
        if !is_workspace() {
            assert_eq!(endpoint.hosts.read_write_pooled_host, endpoint.hosts.host);
        }
        let again = fixture.main.endpoint("primary").unwrap().get().await.unwrap();
        assert_eq!(endpoint.hosts, again.hosts);
    })
    .await;
}
