//! Routes of the platform around the Lakebase API: the caller, the kind of host, the proof of the token.

use axum::{
    Json, Router,
    extract::State,
    http::header::CONTENT_TYPE,
    response::{AppendHeaders, IntoResponse},
    routing::get,
};
use serde_json::{Value, json};

use super::{
    Api,
    answer::Answer,
    request::{Body, Name, Params},
};
use crate::{
    api::{
        name::ProjectName,
        wire::{
            credential::Me,
            permission::{ObjectPermissions, PERMISSIONS_PATH, PermissionsRequest},
        },
    },
    local::{
        control::ErrorResponse,
        proof::{self, Challenge},
    },
};

/// Clients route by a workspace id; here there is one.
const WORKSPACE_ID: &str = "1";

/// Called before a client has chosen, or may send, its credentials.
pub(super) fn open_routes() -> Router<Api> {
    Router::new().route("/.well-known/databricks-config", get(host_metadata)).route(proof::PATH, get(prove))
}

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/metrics", get(metrics)).route("/api/2.0/preview/scim/v2/Me", get(me)).route(
        &format!("{PERMISSIONS_PATH}/{{id}}"),
        get(permissions).put(set_permissions).patch(update_permissions),
    )
}

/// The metrics of the server, in Prometheus' text format.
async fn metrics(State(api): State<Api>) -> Result<impl IntoResponse, ErrorResponse> {
    let text = api.control.metrics().await?;
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text))
}

/// No `oidc_endpoint`: the local Lakebase has no OAuth, so clients use the token they were given.
async fn host_metadata() -> Json<Value> {
    Json(json!({"workspace_id": WORKSPACE_ID, "cloud": "AWS", "host_type": "workspace"}))
}

/// Proves that this server holds the API token, without sending it.
async fn prove(State(api): State<Api>, query: Params) -> Answer<Value> {
    let challenge = Challenge::parse(&query.text("challenge"))
        .ok_or_else(|| ErrorResponse::invalid("Field 'challenge' must be 64 hexadecimal digits"))?;
    Ok(Json(json!({"proof": challenge.answer(&api.token, &api.host)})))
}

async fn me(State(api): State<Api>) -> impl IntoResponse {
    let user = api.control.user().to_owned();
    let me =
        Me { id: WORKSPACE_ID.to_owned(), display_name: Some(user.clone()), user_name: user, active: true };
    (AppendHeaders([("X-Databricks-Org-Id", WORKSPACE_ID)]), Json(me))
}

async fn permissions(State(api): State<Api>, Name(project): Name<ProjectName>) -> Answer<ObjectPermissions> {
    Ok(Json(api.control.projects.permissions(&project)?))
}

async fn set_permissions(
    State(api): State<Api>,
    Name(project): Name<ProjectName>,
    Body(body): Body<PermissionsRequest>,
) -> Answer<ObjectPermissions> {
    Ok(Json(api.control.projects.set_permissions(&project, true, body).await?))
}

async fn update_permissions(
    State(api): State<Api>,
    Name(project): Name<ProjectName>,
    Body(body): Body<PermissionsRequest>,
) -> Answer<ObjectPermissions> {
    Ok(Json(api.control.projects.set_permissions(&project, false, body).await?))
}
