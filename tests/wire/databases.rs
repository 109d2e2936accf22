use lakebase::ErrorKind;
use serde_json::{Value, json};

use crate::support::mock::{MockService, done, gone};

const ALL: &str = "projects/shop/branches/dev/databases";
const APP: &str = "projects/shop/branches/dev/databases/my-database";
const OWNER: &str = "projects/shop/branches/dev/roles/ada";

fn database() -> Value {
    json!({
        "name": APP, "database_id": "my-database", "parent": "projects/shop/branches/dev",
        "create_time": "2026-08-01T10:00:00Z", "update_time": "2026-08-01T10:00:00Z",
        "status": {"database_id": "my-database", "postgres_database": "app_db", "role": OWNER}
    })
}

#[tokio::test]
async fn a_database_is_made_read_listed_changed_and_dropped() {
    let service = MockService::new().await;
    service.on(&format!("POST {ALL}"), done(APP, database())).await;
    service.on(&format!("GET {APP}"), database()).await;
    service.on(&format!("GET {ALL}"), json!({"databases": [database()]})).await;
    service.on(&format!("PATCH {APP}"), done(APP, database())).await;
    service.on(&format!("DELETE {APP}"), gone(APP)).await;
    let dev = service.branch();
    let app = dev.create_database("app_db", OWNER).id("my-database").await.unwrap();
    assert_eq!(app.postgres_database, "app_db");
    assert_eq!(app.role.as_ref().unwrap().to_string(), OWNER);
    assert_eq!(app.handle().get().await.unwrap(), app);
    assert_eq!(dev.databases().await.unwrap(), std::slice::from_ref(&app));
    app.update().postgres_database("app_old").owner(dev.role("ada").unwrap()).await.unwrap();
    app.delete().await.unwrap();
    assert_eq!(
        service.changes().await,
        [
            format!(
                "POST {ALL}?database_id=my-database {}",
                json!({"spec": {"postgres_database": "app_db", "role": OWNER}})
            ),
            format!(
                "PATCH {APP}?update_mask=spec.postgres_database,spec.role {}",
                json!({"spec": {"postgres_database": "app_old", "role": OWNER}})
            ),
            format!("DELETE {APP}"),
        ]
    );
}

#[tokio::test]
async fn a_missing_owner_and_an_empty_change_have_their_own_errors() {
    let service = MockService::new().await;
    let missing = "role not found; role_id:\"nobody\" [TraceId: 1]";
    service.refuse(&format!("POST {ALL}"), 404, "NOT_FOUND", missing).await;
    let dev = service.branch();
    let error = dev.create_database("app", dev.role("nobody").unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("nobody"), "{error}");
    assert_eq!(dev.create_database("app", "ada").await.unwrap_err().kind(), ErrorKind::Invalid);
    let app = dev.database("my-database").unwrap();
    assert_eq!(app.update().await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(app.update().owner("ada").await.unwrap_err().kind(), ErrorKind::Invalid);
}
