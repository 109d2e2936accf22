use lakebase::{
    ErrorKind, hours,
    model::{EndpointState, EndpointType, Suspension},
};
use serde_json::json;

use crate::support::mock::{MockService, done, endpoint, gone, with};

const PRIMARY: &str = "projects/shop/branches/dev/endpoints/primary";
const ALL: &str = "projects/shop/branches/dev/endpoints";

#[tokio::test]
async fn an_endpoint_is_read_with_its_effective_settings() {
    let service = MockService::new().await;
    service.on(&format!("GET {PRIMARY}"), endpoint("dev", "primary")).await;
    let primary = service.branch().endpoint("primary").unwrap().get().await.unwrap();
    assert_eq!(primary.endpoint_type, EndpointType::ReadWrite);
    assert_eq!(primary.state, EndpointState::Active);
    assert_eq!((primary.min_cu, primary.max_cu), (Some(0.5), Some(4.0)));
    assert_eq!(primary.suspension, Suspension::After(std::time::Duration::from_secs(300)));
    assert_eq!((primary.group.computes, primary.hosts.port), (1, 5432));
    assert_eq!(primary.handle().branch(), service.branch());
}

#[tokio::test]
async fn a_replica_is_made_with_all_its_settings() {
    let service = MockService::new().await;
    let name = format!("{ALL}/reports");
    service.on(&format!("POST {ALL}"), done(&name, endpoint("dev", "reports"))).await;
    service.on(&format!("GET {name}"), endpoint("dev", "reports")).await;
    service
        .branch()
        .create_endpoint("reports", EndpointType::ReadOnly)
        .autoscaling(0.5..=2.0)
        .suspension(Suspension::After(hours(1)))
        .disabled(false)
        .computes(2)
        .readable_secondaries(true)
        .pg_settings([("work_mem", "8MB")])
        .replace_existing()
        .await
        .unwrap();
    let body = json!({"spec": {
        "endpoint_type": "ENDPOINT_TYPE_READ_ONLY", "autoscaling_limit_min_cu": 0.5, "autoscaling_limit_max_cu": 2,
        "suspend_timeout_duration": "3600s", "disabled": false,
        "group": {"min": 2, "max": 2, "enable_readable_secondaries": true},
        "settings": {"pg_settings": {"work_mem": "8MB"}}
    }});
    assert_eq!(
        service.changes().await,
        [format!("POST {ALL}?endpoint_id=reports&replace_existing=true {body}")]
    );
}

#[tokio::test]
async fn the_implicit_primary_makes_a_second_one_already_exist() {
    let service = MockService::new().await;
    service.refuse(&format!("POST {ALL}"), 400, "BAD_REQUEST", "read_write endpoint already exists").await;
    let error = service.branch().create_endpoint("rw", EndpointType::ReadWrite).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
}

#[tokio::test]
async fn updates_name_leaves_and_oneofs_and_wait_until_they_are_applied() {
    let service = MockService::new().await;
    let pending = with(endpoint("dev", "primary"), "/status/pending_state", json!("ACTIVE"));
    service.on(&format!("PATCH {PRIMARY}"), done(PRIMARY, pending.clone())).await;
    service.once(&format!("GET {PRIMARY}"), pending).await;
    service.on(&format!("GET {PRIMARY}"), endpoint("dev", "primary")).await;
    let primary = service.branch().endpoint("primary").unwrap();
    let changed = primary
        .update()
        .autoscaling(1.0..=8.0)
        .suspension(Suspension::Never)
        .disabled(false)
        .computes(2)
        .readable_secondaries(true)
        .pg_settings([("a", "b")])
        .await
        .unwrap();
    assert_eq!(changed.pending_state, None);
    let mask = "spec.autoscaling_limit_min_cu,spec.autoscaling_limit_max_cu,spec.suspension,spec.disabled,\
                spec.group.min,spec.group.max,spec.group.enable_readable_secondaries,spec.settings.pg_settings";
    let body = json!({"spec": {
        "autoscaling_limit_min_cu": 1, "autoscaling_limit_max_cu": 8, "no_suspension": true, "disabled": false,
        "group": {"min": 2, "max": 2, "enable_readable_secondaries": true}, "settings": {"pg_settings": {"a": "b"}}
    }});
    assert_eq!(service.changes().await, [format!("PATCH {PRIMARY}?update_mask={mask} {body}")]);

    primary.update().max_cu(4.0).start().await.unwrap();
    assert!(service.changes().await[1].contains("update_mask=spec.autoscaling_limit_max_cu {"));
}

#[tokio::test]
async fn wrong_settings_fail_before_anything_is_sent() {
    let service = MockService::new().await;
    let primary = service.branch().endpoint("primary").unwrap();
    for error in [
        primary.update().await,
        primary.update().autoscaling(4.0..=1.0).await,
        primary.update().suspension(Suspension::After(hours(200))).await,
        service.branch().create_endpoint("Bad", EndpointType::ReadOnly).await,
    ] {
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Invalid);
    }
    assert!(service.calls().await.is_empty());
}

#[tokio::test]
async fn endpoints_are_listed_in_pages_of_ten_at_least_and_deleted() {
    let service = MockService::new().await;
    service.on(&format!("GET {ALL}"), json!({"endpoints": [endpoint("dev", "primary")]})).await;
    assert_eq!(service.branch().endpoints().page_size(1).await.unwrap().len(), 1);
    assert_eq!(service.calls().await, [format!("GET {ALL}?page_size=10")]);

    let reports = service.branch().endpoint("reports").unwrap();
    service
        .refuse_once(
            &format!("DELETE {ALL}/reports"),
            409,
            "ABORTED",
            "Endpoint reconciliation still in progress",
        )
        .await;
    service.on(&format!("DELETE {ALL}/reports"), gone(&format!("{ALL}/reports"))).await;
    reports.delete().await.unwrap();
    service.refuse(&format!("DELETE {ALL}/none"), 404, "NOT_FOUND", "endpoint id not found").await;
    service.branch().endpoint("none").unwrap().delete().allow_missing().await.unwrap();
}

/// Sizes that do not exist: no number, too small, between the steps, too large.
const NO_SIZES: [f64; 9] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 0.25, 0.75, 1.5, 113.0];

#[tokio::test]
async fn every_setter_of_a_size_refuses_one_that_does_not_exist() {
    let service = MockService::new().await;
    let primary = service.branch().endpoint("primary").unwrap();
    let project = service.project();
    let create = || service.branch().create_endpoint("reports", EndpointType::ReadOnly);
    let make = || service.lakebase.create_project("shop");
    for cu in NO_SIZES {
        let errors = [
            primary.update().min_cu(cu).start().await.map(drop),
            primary.update().max_cu(cu).start().await.map(drop),
            primary.update().autoscaling(cu..=4.0).start().await.map(drop),
            primary.update().autoscaling(4.0..=cu).start().await.map(drop),
            create().autoscaling(cu..=4.0).start().await.map(drop),
            create().autoscaling(4.0..=cu).start().await.map(drop),
            project.update().default_autoscaling(cu..=4.0).start().await.map(drop),
            project.update().default_autoscaling(4.0..=cu).start().await.map(drop),
            make().default_autoscaling(cu..=4.0).start().await.map(drop),
            make().initial_autoscaling(4.0..=cu).start().await.map(drop),
        ];
        for (at, outcome) in errors.into_iter().enumerate() {
            let error = outcome.expect_err(&format!("{cu} with setter {at}"));
            assert_eq!(error.kind(), ErrorKind::Invalid, "{cu} with setter {at}: {error}");
            assert!(error.to_string().contains("CU"), "{error}");
        }
    }
    for (min, max) in [(8.0, 4.0), (1.0, 18.0), (60.0, 65.0)] {
        let errors = [
            primary.update().autoscaling(min..=max).start().await.map(drop),
            create().autoscaling(min..=max).start().await.map(drop),
            project.update().default_autoscaling(min..=max).start().await.map(drop),
            make().initial_autoscaling(min..=max).start().await.map(drop),
        ];
        assert!(errors.iter().all(Result::is_err), "{min} to {max}: {errors:?}");
    }
    assert!(service.calls().await.is_empty());
}
