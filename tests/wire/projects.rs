use std::time::Duration;

use lakebase::{
    ErrorKind, days,
    model::{CustomTag, Grant, PermissionLevel, Principal, Suspension},
};
use serde_json::json;

use crate::support::mock::{MockService, done, endpoint, gone, project, root, with};

const SHOP: &str = "projects/shop";

async fn ready(service: &MockService) {
    service.on("GET projects/shop/branches", json!({"branches": [root()]})).await;
    service.on("GET projects/shop/branches/production", root()).await;
    let primary = endpoint("production", "primary");
    service
        .on("GET projects/shop/branches/production/endpoints", json!({"endpoints": [primary.clone()]}))
        .await;
    service.on("GET projects/shop/branches/production/endpoints/primary", primary).await;
    service.on("GET projects/shop", project("shop")).await;
}

#[tokio::test]
async fn a_project_is_read_with_its_effective_settings() {
    let service = MockService::new().await;
    ready(&service).await;
    let shop = service.project().get().await.unwrap();
    assert_eq!((shop.display_name.as_str(), shop.pg_version), ("Shop", Some(17)));
    assert_eq!(shop.history_retention, Some(days(7)));
    assert_eq!(shop.default_endpoint_settings.suspension, Some(Suspension::After(days(1))));
    assert_eq!(shop.default_branch.as_ref().unwrap().id().as_str(), "production");
    assert_eq!(shop.branch_logical_size_limit_bytes, Some(8_796_093_022_208));
    assert!(!shop.is_deleted());
}

#[tokio::test]
async fn a_new_project_carries_all_that_was_asked_for_and_is_ready_when_it_returns() {
    let service = MockService::new().await;
    service.on("POST projects", done(SHOP, project("shop"))).await;
    service.refuse_once("GET projects/shop/branches", 404, "NOT_FOUND", "project id not found").await;
    ready(&service).await;
    let shop = service
        .lakebase
        .create_project("shop")
        .display_name("Shop")
        .pg_version(17)
        .history_retention(days(7))
        .default_autoscaling(0.5..=4.0)
        .default_suspension(Suspension::After(Duration::from_secs(60)))
        .default_pg_settings([("work_mem", "8MB")])
        .native_login(true)
        .budget_policy_id("b")
        .custom_tags([CustomTag::new("team", "checkout")])
        .protect_default_branch()
        .initial_autoscaling(1.0..=2.0)
        .initial_suspension(Suspension::Never)
        .initial_computes(2)
        .initial_readable_secondaries(true)
        .await
        .unwrap();
    assert_eq!(shop.id().as_str(), "shop");
    let body = json!({
        "spec": {
            "display_name": "Shop", "pg_version": 17, "history_retention_duration": "604800s",
            "default_endpoint_settings": {
                "autoscaling_limit_min_cu": 0.5, "autoscaling_limit_max_cu": 4, "suspend_timeout_duration": "60s",
                "pg_settings": {"work_mem": "8MB"}
            },
            "enable_pg_native_login": true, "budget_policy_id": "b",
            "custom_tags": [{"key": "team", "value": "checkout"}]
        },
        "initial_branch_spec": {"is_protected": true},
        "initial_endpoint_spec": {
            "autoscaling_limit_min_cu": 1, "autoscaling_limit_max_cu": 2, "no_suspension": true,
            "group": {"min": 2, "max": 2, "enable_readable_secondaries": true}
        }
    });
    assert_eq!(service.changes().await, [format!("POST projects?project_id=shop {body}")]);
}

#[tokio::test]
async fn a_found_project_must_have_the_version_asked_for() {
    let service = MockService::new().await;
    ready(&service).await;
    let create = || service.lakebase.create_project("shop");
    assert!(!create().if_missing().outcome().await.unwrap().created);
    assert!(!create().pg_version(17).if_missing().outcome().await.unwrap().created);
    let error = create().pg_version(16).if_missing().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("PostgreSQL 17 instead of 16"), "{error}");
    assert_eq!(service.changes().await, [""; 0]);
}

#[tokio::test]
async fn a_deleted_project_keeps_its_id_and_the_error_says_so() {
    let service = MockService::new().await;
    let mut deleted = project("shop");
    deleted["delete_time"] = json!("2026-08-10T00:00:00Z");
    deleted["purge_time"] = json!("2026-08-17T00:00:00Z");
    service.on("GET projects/shop", deleted).await;
    let taken = "project with such id already exists in the workspace";
    service.refuse("POST projects", 409, "ALREADY_EXISTS", taken).await;
    let plain = service.lakebase.create_project("shop").await.unwrap_err();
    let careful = service.lakebase.create_project("shop").if_missing().await.unwrap_err();
    for error in [plain, careful] {
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        let text = error.to_string();
        assert!(text.contains("2026-08-17") && text.contains("undelete"), "{text}");
    }
}

#[tokio::test]
async fn every_path_of_an_update_has_its_value() {
    let service = MockService::new().await;
    service.on("PATCH projects/shop", done(SHOP, project("shop"))).await;
    let shop = service.project();
    shop.update()
        .display_name("New")
        .history_retention(days(14))
        .default_branch(shop.branch("main").unwrap())
        .default_autoscaling(1.0..=2.0)
        .default_suspension(Suspension::Never)
        .default_pg_settings([("a", "b")])
        .native_login(false)
        .budget_policy_id("b")
        .custom_tags([])
        .await
        .unwrap();
    let defaults = "spec.default_endpoint_settings";
    let mask = format!(
        "spec.display_name,spec.history_retention_duration,spec.default_branch,\
         {defaults}.autoscaling_limit_min_cu,{defaults}.autoscaling_limit_max_cu,{defaults}.suspension,\
         {defaults}.pg_settings,spec.enable_pg_native_login,spec.budget_policy_id,spec.custom_tags"
    );
    let body = json!({"spec": {
        "display_name": "New", "history_retention_duration": "1209600s",
        "default_branch": "projects/shop/branches/main",
        "default_endpoint_settings": {
            "autoscaling_limit_min_cu": 1, "autoscaling_limit_max_cu": 2, "no_suspension": true,
            "pg_settings": {"a": "b"}
        },
        "enable_pg_native_login": false, "budget_policy_id": "b", "custom_tags": []
    }});
    assert_eq!(service.changes().await, [format!("PATCH projects/shop?update_mask={mask} {body}")]);
    let error = shop.update().default_branch("main").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(shop.update().await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn projects_are_listed_deleted_and_brought_back() {
    let service = MockService::new().await;
    service.on("GET projects", json!({"projects": [project("shop"), project("other")]})).await;
    assert_eq!(service.lakebase.projects().show_deleted().all().await.unwrap().len(), 2);
    service.on("DELETE projects/shop", gone(SHOP)).await;
    service.on("POST projects/shop/undelete", gone(SHOP)).await;
    service.project().delete().purge().await.unwrap();
    service.project().undelete().await.unwrap();
    assert_eq!(
        service.calls().await,
        [
            "GET projects?show_deleted=true",
            "DELETE projects/shop?purge=true",
            "POST projects/shop/undelete {}"
        ]
    );
    service.refuse("DELETE projects/none", 404, "NOT_FOUND", "project id not found").await;
    let none = service.lakebase.project("none").unwrap();
    assert_eq!(none.delete().await.unwrap_err().kind(), ErrorKind::NotFound);
    none.delete().allow_missing().await.unwrap();
}

#[tokio::test]
async fn an_answer_without_a_name_is_no_project() {
    let service = MockService::new().await;
    let nameless = with(project("shop"), "/name", json!(null));
    service.on("GET projects/shop", nameless).await;
    let error = service.project().get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("'name' is missing"), "{error}");
}

#[tokio::test]
async fn permissions_are_read_replaced_and_given() {
    let path = "/api/2.0/permissions/database-projects/shop";
    let list = json!({
        "object_id": "/database-projects/shop", "object_type": "database-projects",
        "access_control_list": [
            {"user_name": "ada@example.com", "display_name": "Ada", "all_permissions": [
                {"permission_level": "CAN_MANAGE", "inherited": false},
                {"permission_level": "CAN_READ_MINDS", "inherited": true, "inherited_from_object": ["/database-projects/"]}
            ]},
            {"service_principal_name": "6f1c", "all_permissions": [{"permission_level": "CAN_USE"}]},
            {"robot_name": "r2", "all_permissions": []}
        ]
    });
    let service = MockService::new().await;
    for verb in ["GET", "PUT", "PATCH"] {
        service.on(&format!("{verb} {path}"), list.clone()).await;
    }
    let permissions = service.project().permissions();
    let read = permissions.get().await.unwrap();
    assert_eq!(read.entries.len(), 2);
    let ada = &read.entries[0];
    assert_eq!(
        (&ada.principal, ada.display_name.as_deref()),
        (&Principal::User("ada@example.com".into()), Some("Ada"))
    );
    assert_eq!(
        (&ada.permissions[0].level, ada.permissions[0].inherited),
        (&PermissionLevel::CanManage, false)
    );
    assert_eq!(ada.permissions[1].inherited_from, ["/database-projects/"]);
    assert_eq!(read.entries[1].principal, Principal::ServicePrincipal("6f1c".into()));
    let grants = [
        Grant::user("ada@example.com", PermissionLevel::CanManage),
        Grant::group("readers", PermissionLevel::CanUse),
        Grant::service_principal("6f1c", PermissionLevel::CanUse),
    ];
    assert_eq!(permissions.set(grants.clone()).await.unwrap(), read);
    assert_eq!(permissions.update(grants).await.unwrap(), read);
    permissions.set([]).await.unwrap();
    let body = json!({"access_control_list": [
        {"user_name": "ada@example.com", "permission_level": "CAN_MANAGE"},
        {"group_name": "readers", "permission_level": "CAN_USE"},
        {"service_principal_name": "6f1c", "permission_level": "CAN_USE"}
    ]});
    assert_eq!(
        service.changes().await,
        [
            format!("PUT {path} {body}"),
            format!("PATCH {path} {body}"),
            format!("PUT {path} {}", json!({"access_control_list": []})),
        ]
    );
}
