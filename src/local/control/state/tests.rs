use serde_json::{Value, json};

use super::*;

/// A stored row of a project, in the format that data directories have.
pub(in crate::local::control) fn project_row() -> Value {
    json!({
        "id": "shop", "uid": "u", "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z",
        "deleted": null, "display_name": "p", "owner": "o", "pg_version": 17, "default_branch": "production",
        "defaults": {"sizing": {"min_cu": 1.0, "max_cu": 1.0, "suspend_after": null}, "pg_settings": {}},
        "history_retention": {"secs": 172_800, "nanos": 0}, "native_login": false, "budget_policy_id": null,
        "custom_tags": [],
    })
}

fn branch_row(id: &str) -> Value {
    json!({
        "project": "shop", "project_uid": "u", "id": id, "uid": format!("br-{id}"),
        "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z",
        "state_changed": "2026-01-01T00:00:00Z", "protected": false, "expires": null,
        "origin": {
            "branch": "production", "branch_uid": "br-production", "lsn": "0/1", "time": "2026-01-01T00:00:00Z",
            "method": "REFLINK", "bytes_added": 1,
        },
        "logical_size": 1,
        "endpoints": {"primary": {
            "id": "primary", "uid": "ep", "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z",
            "kind": "ReadWrite", "sizing": {"min_cu": 1.0, "max_cu": 1.0, "suspend_after": {"secs": 60, "nanos": 0}},
            "disabled": false, "pg_settings": {"work_mem": "8MB"}, "address": "127.0.0.1:5432",
        }},
        "roles": {"jane": {
            "id": "jane", "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z",
            "postgres_role": "jane@example.com", "identity": "USER", "auth": "LAKEBASE_OAUTH_V1",
            "attributes": {"bypassrls": true, "createdb": true, "createrole": true},
            "memberships": ["DATABRICKS_SUPERUSER"],
        }},
        "databases": {
            "app": {
                "id": "app", "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z",
                "postgres_database": "app", "role": "jane",
            },
            "ownerless": {
                "id": "ownerless", "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z",
                "postgres_database": "ownerless", "role": "",
            },
        },
    })
}

/// A branch of the project `shop`.
pub(in crate::local::control) fn branch(id: &str) -> Branch {
    serde_json::from_value(branch_row(id)).unwrap()
}

#[test]
fn rows_of_existing_data_directories_are_read_and_written_unchanged() {
    let (project, row) = (project_row(), branch_row("dev"));
    let read: Project = serde_json::from_value(project.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), project);
    let read = branch("dev");
    assert_eq!(serde_json::to_value(&read).unwrap(), row);
    assert_eq!(read.name().to_string(), "projects/shop/branches/dev");
    assert_eq!(read.databases.values().filter(|database| database.role.is_none()).count(), 1);
}

#[test]
fn a_password_is_in_the_row_and_not_in_its_debug_form() {
    let mut row = branch_row("dev");
    row["roles"]["jane"]["password"] = json!("correct horse");
    let read: Branch = serde_json::from_value(row.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), row);
    assert!(!format!("{read:?}").contains("correct horse"));
}
