//! What clients ask of the platform around the Lakebase API: who they are, and what kind of host this is.

use axum::{
    Json, Router,
    extract::State,
    response::{AppendHeaders, IntoResponse},
    routing::get,
};
use serde_json::{Value, json};

use super::{
    Api,
    answer::{Answer, answer},
    request::Ids,
};
use crate::api::wire::credential::Me;

/// Clients route by a workspace id; here there is one.
const WORKSPACE_ID: &str = "1";

/// Asked before a client has chosen its credentials.
pub(super) fn open_routes() -> Router<Api> {
    Router::new().route("/.well-known/databricks-config", get(host_metadata))
}

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/api/2.0/preview/scim/v2/Me", get(me))
        .route("/api/2.0/permissions/database-projects/{id}", get(permissions))
}

/// No `oidc_endpoint`: the local Lakebase has no OAuth, so clients keep to the token they were given.
async fn host_metadata() -> Json<Value> {
    Json(json!({"workspace_id": WORKSPACE_ID, "cloud": "AWS", "host_type": "workspace"}))
}

async fn me(State(api): State<Api>) -> impl IntoResponse {
    let user = api.control.user().to_owned();
    let me =
        Me { id: WORKSPACE_ID.to_owned(), display_name: Some(user.clone()), user_name: user, active: true };
    (AppendHeaders([("X-Databricks-Org-Id", WORKSPACE_ID)]), Json(me))
}

/// Whoever holds the token owns every project; there is nobody else to give anything to.
async fn permissions(State(api): State<Api>, Ids(id): Ids<String>) -> Answer<Value> {
    answer(api.control.get_project(&id).map(|_| {
        json!({
            "object_id": format!("/database-projects/{id}"),
            "object_type": "database-projects",
            "access_control_list": [{
                "user_name": api.control.user(),
                "all_permissions": [{"permission_level": "CAN_MANAGE", "inherited": false}],
            }],
        })
    }))
}
