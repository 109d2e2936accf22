//! Routes of projects, branches, operations and credentials.

use axum::{
    Router,
    extract::State,
    routing::{any, get, post},
};

use super::{
    Api,
    answer::{Answer, ErrorResponse, answer},
    request::{Body, Ids, Params},
};
use crate::{
    api::wire::{
        Branches, Projects,
        branch::Branch,
        credential::{CredentialRequest, DatabaseCredential},
        operation::Operation,
        project::Project,
    },
    local::control::Rejection,
};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/projects", get(list_projects).post(create_project))
        .route("/projects/{p}", get(get_project).patch(update_project).delete(delete_project))
        .route("/projects/{p}/undelete", post(undelete_project))
        .route("/projects/{p}/snapshots", any(snapshots))
        .route("/projects/{p}/snapshots/{*rest}", any(snapshots))
        .route("/projects/{p}/operations/{*id}", get(operation))
        .route("/projects/{p}/branches", get(list_branches).post(create_branch))
        .route("/projects/{p}/branches/{b}", get(get_branch).patch(update_branch).delete(delete_branch))
        .route("/projects/{p}/branches/{b}/undelete", post(undelete_branch))
        .route("/projects/{p}/branches/{b}/snapshot-schedule", any(snapshots))
        .route("/projects/{p}/branches/{b}/operations/{*id}", get(operation))
        .route("/credentials", post(generate_credential))
}

async fn list_projects(State(api): State<Api>, query: Params) -> Answer<Projects> {
    answer(api.control.list_projects(&query.page()?, query.flag("show_deleted")?))
}

async fn create_project(
    State(api): State<Api>,
    query: Params,
    Body(body): Body<Project>,
) -> Answer<Operation> {
    answer(api.control.create_project(query.text("project_id"), body).await)
}

async fn get_project(State(api): State<Api>, Ids(id): Ids<String>) -> Answer<Project> {
    answer(api.control.get_project(&id))
}

async fn update_project(
    State(api): State<Api>,
    Ids(id): Ids<String>,
    query: Params,
    Body(body): Body<Project>,
) -> Answer<Operation> {
    answer(api.control.update_project(id, query.text("update_mask"), body).await)
}

async fn delete_project(State(api): State<Api>, Ids(id): Ids<String>, query: Params) -> Answer<Operation> {
    answer(api.control.delete_project(id, query.flag("purge")?).await)
}

async fn undelete_project(State(api): State<Api>, Ids(id): Ids<String>) -> Answer<Operation> {
    answer(api.control.undelete_project(id).await)
}

async fn list_branches(State(api): State<Api>, Ids(project): Ids<String>, query: Params) -> Answer<Branches> {
    answer(api.control.list_branches(&project, &query.page()?))
}

async fn create_branch(
    State(api): State<Api>,
    Ids(project): Ids<String>,
    query: Params,
    Body(body): Body<Branch>,
) -> Answer<Operation> {
    let ids = (project, query.text("branch_id"));
    answer(api.control.create_branch(ids, query.flag("replace_existing")?, body).await)
}

async fn get_branch(State(api): State<Api>, Ids((project, id)): Ids<(String, String)>) -> Answer<Branch> {
    answer(api.control.get_branch(&project, &id).await)
}

async fn update_branch(
    State(api): State<Api>,
    Ids(ids): Ids<(String, String)>,
    query: Params,
    Body(body): Body<Branch>,
) -> Answer<Operation> {
    answer(api.control.update_branch(ids, query.text("update_mask"), body).await)
}

async fn delete_branch(
    State(api): State<Api>,
    Ids(ids): Ids<(String, String)>,
    query: Params,
) -> Answer<Operation> {
    query.flag("purge")?;
    answer(api.control.delete_branch(ids, query.flag("allow_missing")?).await)
}

async fn undelete_branch(
    State(api): State<Api>,
    Ids((project, _)): Ids<(String, String)>,
) -> Answer<Operation> {
    api.control.get_project(&project)?;
    Err(ErrorResponse(Rejection::not_implemented(
        "Bringing back a deleted branch is",
        "a branch is deleted for good, unlike a project. Branch its source anew with 'source_branch_time' or \
         'source_branch_lsn', and protect a branch that must not go (spec.is_protected)",
    )))
}

async fn snapshots() -> ErrorResponse {
    ErrorResponse(Rejection::no_snapshots())
}

async fn generate_credential(
    State(api): State<Api>,
    Body(request): Body<CredentialRequest>,
) -> Answer<DatabaseCredential> {
    answer(api.control.mint(&request))
}

/// The name of an operation is its path; its id may hold slashes.
pub(super) async fn operation(State(api): State<Api>, path: axum::http::Uri) -> Answer<Operation> {
    let name = percent_encoding::percent_decode_str(path.path().trim_start_matches('/')).decode_utf8_lossy();
    answer(api.control.operation(&name))
}
