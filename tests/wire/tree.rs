use chrono::{TimeDelta, Utc};
use serde_json::json;

use crate::support::mock::{MockService, child, endpoint, project, root, with};

#[tokio::test]
async fn a_project_is_drawn_with_its_marks_countdowns_and_endpoints() {
    let service = MockService::new().await;
    let expires = json!(Utc::now() + TimeDelta::minutes(90) + TimeDelta::seconds(30));
    let dev = with(child("dev"), "/status/expire_time", expires);
    let never = with(child("feature"), "/status/expire_time", json!(null));
    let leaf = with(never.clone(), "/status/source_branch", json!("projects/shop/branches/feature"));
    let leaf = with(leaf, "/name", json!("projects/shop/branches/leaf"));
    let orphan = with(never.clone(), "/status/source_branch", json!("projects/shop/branches/gone"));
    let orphan = with(orphan, "/name", json!("projects/shop/branches/zombie"));
    service.on("GET projects/shop", project("shop")).await;
    service.on("GET projects/shop/branches", json!({"branches": [leaf, orphan, never, dev, root()]})).await;
    for id in ["production", "dev", "feature", "leaf"] {
        let primary = endpoint(id, "primary");
        let primary =
            if id == "dev" { with(primary, "/status/current_state", json!("IDLE")) } else { primary };
        service
            .on(&format!("GET projects/shop/branches/{id}/endpoints"), json!({"endpoints": [primary]}))
            .await;
    }
    let gone = "branch id not found";
    service.refuse("GET projects/shop/branches/zombie/endpoints", 404, "NOT_FOUND", gone).await;

    let tree = service.project().tree().await.unwrap();
    let drawn = "shop · PostgreSQL 17\n\
        ├─ production (default, protected) · READY · 31.5 MB · primary ACTIVE\n\
        │  ├─ dev · READY · 31.5 MB · expires in 1 h 30 min · primary IDLE\n\
        │  └─ feature · READY · 31.5 MB · primary ACTIVE\n\
        │     └─ leaf · READY · 31.5 MB · primary ACTIVE\n\
        └─ zombie · READY · 31.5 MB";
    assert_eq!(tree.to_string(), drawn);
    let colored = tree.colored().to_string();
    assert!(colored.contains("\u{1b}[1mdev\u{1b}[0m · \u{1b}[32mREADY\u{1b}[0m"), "{colored:?}");
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), drawn);
    let json = serde_json::to_value(&tree).unwrap();
    assert_eq!(json["roots"][0]["children"][0]["branch"]["name"], "projects/shop/branches/dev");
}
