use std::time::Duration;

use chrono::{TimeZone, Utc};
use futures_util::TryStreamExt;
use lakebase::{ErrorKind, Expiry, Lsn, days, hours, model::BranchState};
use serde_json::json;

use crate::support::mock::{MockService, child, done, endpoint, gone, root, running, with};

const DEV: &str = "projects/shop/branches/dev";

async fn ready(service: &MockService) {
    service.on("GET projects/shop/branches/dev", child("dev")).await;
    service
        .on("GET projects/shop/branches/dev/endpoints", json!({"endpoints": [endpoint("dev", "primary")]}))
        .await;
}

#[tokio::test]
async fn a_child_is_made_and_waited_for_until_its_endpoint_shows() {
    let service = MockService::new().await;
    service.on("POST projects/shop/branches", running(DEV)).await;
    service.once(&format!("GET {DEV}/operations/AbC+12=="), running(DEV)).await;
    service.on(&format!("GET {DEV}/operations/AbC+12=="), done(DEV, child("dev"))).await;
    service.once(&format!("GET {DEV}"), with(child("dev"), "/status/current_state", json!("INIT"))).await;
    service.once(&format!("GET {DEV}/endpoints"), json!({})).await;
    ready(&service).await;

    let production = service.project().branch("production").unwrap();
    let dev = production.create_branch("dev", Expiry::after(hours(24))).await.unwrap();
    assert_eq!(dev.state, BranchState::Ready);
    assert_eq!(dev.source_branch.as_ref(), Some(production.name()));
    assert_eq!(dev.source_branch_lsn, Some("0/1DE2850".parse::<Lsn>().unwrap()));
    assert_eq!(dev.expire_time, Some(Utc.with_ymd_and_hms(2026, 8, 3, 10, 0, 0).unwrap()));
    assert_eq!(dev.id().as_str(), "dev");
    let sent = "POST projects/shop/branches?branch_id=dev \
                {\"spec\":{\"source_branch\":\"projects/shop/branches/production\",\"ttl\":\"86400s\"}}";
    assert_eq!(service.changes().await, [sent]);
}

#[tokio::test]
async fn every_setting_of_a_new_branch_is_sent_under_its_own_name() {
    let time = Utc.with_ymd_and_hms(2026, 8, 2, 9, 0, 0).unwrap();
    let service = MockService::new().await;
    service.on("POST projects/shop/branches", done(DEV, child("dev"))).await;
    let shop = service.project();
    let make = || shop.create_branch("dev", Expiry::Never);
    make().start().await.unwrap();
    make().at_time(time).protected(true).replace_existing().start().await.unwrap();
    make().at_lsn("16/B374D848").start().await.unwrap();
    make().from_snapshot(shop.snapshot("s1").unwrap()).start().await.unwrap();
    let post = "POST projects/shop/branches?branch_id=dev";
    assert_eq!(
        service.changes().await,
        [
            format!("{post} {}", json!({"spec": {"no_expiry": true}})),
            format!(
                "{post}&replace_existing=true {}",
                json!({"spec": {"source_branch_time": "2026-08-02T09:00:00Z", "is_protected": true, "no_expiry": true}})
            ),
            format!("{post} {}", json!({"spec": {"source_branch_lsn": "16/B374D848", "no_expiry": true}})),
            format!(
                "{post} {}",
                json!({"spec": {"source_snapshot": "projects/shop/snapshots/s1", "no_expiry": true}})
            ),
        ]
    );
}

#[tokio::test]
async fn bad_arguments_fail_before_anything_is_sent() {
    let service = MockService::new().await;
    let shop = service.project();
    let now = Utc::now();
    let long = Expiry::after(days(30) + Duration::from_secs(1));
    for (error, part) in [
        (shop.create_branch("dev", long).await, "30 at most"),
        (shop.create_branch("Dev", Expiry::Never).await, "'D' at position 1"),
        (shop.create_branch("dev", Expiry::at(now - days(1))).await, "past"),
        (shop.create_branch("dev", Expiry::Never).at_lsn("x").await, "log position"),
        (shop.create_branch("dev", Expiry::Never).at_lsn("0/1").at_time(now).await, "not at both"),
        (
            shop.create_branch("dev", Expiry::Never)
                .from_snapshot("projects/shop/snapshots/s")
                .at_time(now)
                .await,
            "snapshot takes no",
        ),
        (shop.create_branch("dev", Expiry::Never).from("production").await, "projects/{project_id}/branches"),
        (service.branch().update().await, "changes nothing"),
        (service.branch().update().expiry(long).await, "30 at most"),
    ] {
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(service.calls().await, [""; 0]);
}

#[tokio::test]
async fn a_branch_that_is_there_is_taken_only_if_it_is_the_one_asked_for() {
    let service = MockService::new().await;
    ready(&service).await;
    let production = service.project().branch("production").unwrap();
    let found =
        production.create_branch("dev", Expiry::after(hours(24))).if_missing().outcome().await.unwrap();
    assert!(!found.created);
    assert_eq!(found.info.name.to_string(), DEV);

    let other = service.project().branch("other").unwrap();
    for (wanted, parts) in [
        (other.create_branch("dev", Expiry::after(hours(24))), ["branches/production", "branches/other"]),
        (
            production.create_branch("dev", Expiry::after(hours(1))),
            ["2026-08-03T10:00:00", "2026-08-02T11:00:00"],
        ),
        (production.create_branch("dev", Expiry::Never), ["2026-08-03T10:00:00", "never"]),
        (production.create_branch("dev", Expiry::after(hours(24))).protected(true), ["false", "true"]),
    ] {
        let error = wanted.if_missing().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(parts.iter().all(|part| error.to_string().contains(part)), "{error}");
    }
    assert_eq!(service.changes().await, [""; 0]);
}

#[tokio::test]
async fn without_a_source_the_default_branch_is_the_one_compared_with() {
    let service = MockService::new().await;
    ready(&service).await;
    service.on("GET projects/shop/branches", json!({"branches": [child("dev"), root()]})).await;
    let found = service
        .project()
        .create_branch("dev", Expiry::after(hours(24)))
        .if_missing()
        .outcome()
        .await
        .unwrap();
    assert!(!found.created);
}

#[tokio::test]
async fn a_missing_branch_is_made_and_a_faster_rival_is_noticed() {
    let service = MockService::new().await;
    service.refuse_once(&format!("GET {DEV}"), 404, "NOT_FOUND", "branch id not found [TraceId: 1]").await;
    service.once("POST projects/shop/branches", done(DEV, child("dev"))).await;
    ready(&service).await;
    let production = service.project().branch("production").unwrap();
    let create = || production.create_branch("dev", Expiry::after(hours(24)));
    assert!(create().if_missing().outcome().await.unwrap().created);

    let service = MockService::new().await;
    service.refuse_once(&format!("GET {DEV}"), 404, "NOT_FOUND", "branch id not found").await;
    service
        .refuse(
            "POST projects/shop/branches",
            400,
            "BAD_REQUEST",
            "branch already exists; branch_name:\"dev\"",
        )
        .await;
    ready(&service).await;
    let production = service.project().branch("production").unwrap();
    let found =
        production.create_branch("dev", Expiry::after(hours(24))).if_missing().outcome().await.unwrap();
    assert!(!found.created);
    let error = production.create_branch("dev", Expiry::Never).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
}

#[tokio::test]
async fn a_branch_that_is_only_kept_to_be_brought_back_is_not_taken_for_the_one_asked_for() {
    let service = MockService::new().await;
    let mut deleted = with(child("dev"), "/status/current_state", json!("DELETED"));
    deleted["delete_time"] = json!("2026-08-02T11:00:00Z");
    deleted["purge_time"] = json!("2026-08-09T11:00:00Z");
    service.once(&format!("GET {DEV}"), deleted).await;
    service.on("POST projects/shop/branches", done(DEV, child("dev"))).await;
    ready(&service).await;
    let production = service.project().branch("production").unwrap();
    assert!(
        production
            .create_branch("dev", Expiry::after(hours(24)))
            .if_missing()
            .outcome()
            .await
            .unwrap()
            .created
    );
}

#[tokio::test]
async fn the_expiry_set_last_is_the_only_one_sent() {
    let service = MockService::new().await;
    service.on(&format!("PATCH {DEV}"), done(DEV, child("dev"))).await;
    let time = Utc::now() + days(1);
    service.branch().update().expiry(Expiry::Never).expiry(Expiry::at(time)).await.unwrap();
    let sent = format!("PATCH {DEV}?update_mask=spec.expiration {}", json!({"spec": {"expire_time": time}}));
    assert_eq!(service.changes().await, [sent]);
}

#[tokio::test]
async fn updates_name_the_oneof_and_hold_one_member() {
    let service = MockService::new().await;
    service.on(&format!("PATCH {DEV}"), done(DEV, child("dev"))).await;
    let dev = service.branch();
    dev.update().expiry(Expiry::after(hours(2))).await.unwrap();
    dev.update().expiry(Expiry::Never).protected(true).await.unwrap();
    assert_eq!(
        service.changes().await,
        [
            format!("PATCH {DEV}?update_mask=spec.expiration {}", json!({"spec": {"ttl": "7200s"}})),
            format!(
                "PATCH {DEV}?update_mask=spec.expiration,spec.is_protected {}",
                json!({"spec": {"is_protected": true, "no_expiry": true}})
            ),
        ]
    );
}

#[tokio::test]
async fn a_delete_waits_for_a_branch_in_the_making_and_outlasts_reconciliation() {
    let service = MockService::new().await;
    let get = format!("GET {DEV}");
    let delete = format!("DELETE {DEV}");
    service.once(&get, with(child("dev"), "/status/current_state", json!("INIT"))).await;
    service.once(&get, child("dev")).await;
    service.refuse_once(&delete, 409, "ABORTED", "Endpoint reconciliation still in progress").await;
    let busy = "Your project already has conflicting operations in progress. Please wait";
    service.refuse_once(&delete, 400, "BAD_REQUEST", busy).await;
    service.on(&delete, gone(DEV)).await;
    service.refuse(&get, 404, "NOT_FOUND", "branch id not found").await;
    service.branch().delete().purge().await.unwrap();
    let calls = service.calls().await;
    let first = calls.iter().position(|call| call.starts_with("DELETE")).unwrap();
    assert_eq!(first, 2, "{calls:?}");
    assert_eq!(calls[2..5], vec![format!("{delete}?purge=true"); 3]);
    assert!(calls[5].starts_with("GET"));
}

#[tokio::test]
async fn a_delete_that_did_nothing_is_sent_again() {
    let service = MockService::new().await;
    let get = format!("GET {DEV}");
    for _ in 0..12 {
        service.once(&get, child("dev")).await;
    }
    service.refuse(&get, 404, "NOT_FOUND", "branch id not found").await;
    service.on(&format!("DELETE {DEV}"), gone(DEV)).await;
    tokio::time::timeout(Duration::from_secs(30), service.branch().delete()).await.unwrap().unwrap();
    assert_eq!(service.changes().await.len(), 2);
}

#[tokio::test]
async fn a_missing_branch_is_deleted_only_where_that_is_allowed() {
    let service = MockService::new().await;
    service.refuse(&format!("GET {DEV}"), 404, "NOT_FOUND", "branch id not found").await;
    service.refuse(&format!("DELETE {DEV}"), 404, "NOT_FOUND", "branch id not found").await;
    assert_eq!(service.branch().delete().await.unwrap_err().kind(), ErrorKind::NotFound);
    service.branch().delete().allow_missing().await.unwrap();
    assert_eq!(service.changes().await[1], format!("DELETE {DEV}"));
    assert_eq!(service.branch().try_get().await.unwrap(), None);
}

#[tokio::test]
async fn a_protected_branch_says_so() {
    let service = MockService::new().await;
    ready(&service).await;
    service.refuse(&format!("DELETE {DEV}"), 400, "BAD_REQUEST", "cannot delete protected branch").await;
    let error = service.branch().delete().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    assert!(error.to_string().starts_with("deleting branch projects/shop/branches/dev: "), "{error}");
}

#[tokio::test]
async fn undelete_posts_an_empty_body() {
    let service = MockService::new().await;
    service.on(&format!("POST {DEV}/undelete"), gone(DEV)).await;
    service.branch().undelete().await.unwrap();
    assert_eq!(service.changes().await, [format!("POST {DEV}/undelete {{}}")]);
}

#[tokio::test]
async fn a_list_walks_its_pages_and_tolerates_what_is_new() {
    let service = MockService::new().await;
    let strange = with(child("odd"), "/status/current_state", json!("HIBERNATING"));
    let first = json!({"branches": [root(), strange], "next_page_token": "2"});
    service.once("GET projects/shop/branches", first).await;
    service
        .on(
            "GET projects/shop/branches",
            json!({"branches": [child("dev")], "next_page_token": "", "total": 3}),
        )
        .await;
    let branches: Vec<_> =
        service.project().branches().show_deleted().page_size(2).stream().try_collect().await.unwrap();
    assert_eq!(branches.len(), 3);
    assert_eq!(branches[1].state.as_str(), "HIBERNATING");
    let query = "GET projects/shop/branches?show_deleted=true&page_size=2";
    assert_eq!(service.calls().await, [query.to_owned(), format!("{query}&page_token=2")]);
}

#[tokio::test]
async fn a_page_token_that_repeats_ends_the_list() {
    let service = MockService::new().await;
    service.on("GET projects/shop/branches", json!({"branches": [root()], "next_page_token": "again"})).await;
    let error = service.project().branches().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn the_default_branch_is_found_by_its_mark() {
    let service = MockService::new().await;
    service.once("GET projects/shop/branches", json!({"branches": [child("production-2"), root()]})).await;
    assert_eq!(service.project().default_branch().await.unwrap().id().as_str(), "production");
    service.on("GET projects/shop/branches", json!({"branches": [child("dev")]})).await;
    assert_eq!(service.project().default_branch().await.unwrap_err().kind(), ErrorKind::NotFound);
}

/// The wish to remove a branch may be faster than the request to make it, which was abandoned.
#[tokio::test]
async fn an_abandoned_branch_that_appears_late_is_removed_too() {
    let service = MockService::new().await;
    let (create, delete) = ("POST projects/shop/branches", "DELETE projects/shop/branches/dev");
    service.slowly(create, json!({}), Duration::from_secs(60)).await;
    service.refuse_once(delete, 404, "NOT_FOUND", "branch id not found").await;
    service.on(delete, json!({"name": "projects/shop/branches/dev/operations/x", "done": true})).await;
    let source = service.project().branch("production").unwrap();
    let called =
        async |call: &str| service.calls().await.iter().filter(|made| made.starts_with(call)).count();
    {
        let making = source.ephemeral("dev", hours(1)).into_future();
        let sent = async {
            while called(create).await == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            _ = making => panic!("the answer is slow"),
            () = sent => {}
        }
    }
    tokio::time::timeout(Duration::from_secs(30), async {
        while called(delete).await < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn the_storage_of_a_branch_is_none_where_the_service_does_not_report_it() {
    let service = MockService::new().await;
    let (dev, call) = (service.branch(), format!("GET {DEV}/storage"));
    service.refuse_once(&call, 404, "ENDPOINT_NOT_FOUND", "No API found").await;
    assert_eq!(dev.storage().await.unwrap(), None);
    service.refuse_once(&call, 404, "NOT_FOUND", "branch id not found").await;
    assert_eq!(dev.storage().await.unwrap_err().kind(), ErrorKind::NotFound);
    service.on(&call, json!({"own_size_bytes": 7, "history_start_time": "2026-08-01T10:00:00Z"})).await;
    let storage = dev.storage().await.unwrap().unwrap();
    assert_eq!((storage.own_size_bytes, storage.shared_size_bytes), (Some(7), None));
    assert_eq!(storage.history_start_time, Some("2026-08-01T10:00:00Z".parse().unwrap()));
}
