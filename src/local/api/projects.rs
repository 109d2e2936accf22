//! Routes of projects, branches, operations and credentials.

use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};

use super::{
    Api,
    answer::Answer,
    request::{Body, Name, Params},
};
use crate::api::{
    name::{BranchName, ProjectName},
    wire::{
        Branches, Projects,
        branch::{Branch, BranchStorage},
        credential::{CredentialRequest, DatabaseCredential},
        masked::MaskedBranch,
        operation::Operation,
        project::Project,
        written_blocks::{WrittenBlocks, WrittenBlocksRequest},
    },
};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/projects", get(list_projects).post(create_project))
        .route("/projects/{p}", get(get_project).patch(update_project).delete(delete_project))
        .route("/projects/{p}/undelete", post(undelete_project))
        .route("/projects/{p}/operations/{*id}", get(operation))
        .route("/projects/{p}/branches", get(list_branches).post(create_branch))
        .route("/projects/{p}/masked-branches", post(create_masked_branch))
        .route("/projects/{p}/branches/{b}", get(get_branch).patch(update_branch).delete(delete_branch))
        .route("/projects/{p}/branches/{b}/undelete", post(undelete_branch))
        .route("/projects/{p}/branches/{b}/storage", get(get_branch_storage))
        .route("/projects/{p}/branches/{b}/written-blocks", post(written_blocks))
        .route("/projects/{p}/branches/{b}/operations/{*id}", get(operation))
        .route("/credentials", post(generate_credential))
}

async fn list_projects(State(api): State<Api>, query: Params) -> Answer<Projects> {
    Ok(Json(api.control.projects.list(&query.page()?, query.flag("show_deleted")?)?))
}

async fn create_project(
    State(api): State<Api>,
    query: Params,
    Body(body): Body<Project>,
) -> Answer<Operation> {
    Ok(Json(api.control.projects.create(query.text("project_id"), body).await?))
}

async fn get_project(State(api): State<Api>, Name(project): Name<ProjectName>) -> Answer<Project> {
    Ok(Json(api.control.projects.get(&project)?))
}

async fn update_project(
    State(api): State<Api>,
    Name(project): Name<ProjectName>,
    query: Params,
    Body(body): Body<Project>,
) -> Answer<Operation> {
    Ok(Json(api.control.projects.update(project, query.text("update_mask"), body).await?))
}

async fn delete_project(
    State(api): State<Api>,
    Name(project): Name<ProjectName>,
    query: Params,
) -> Answer<Operation> {
    Ok(Json(api.control.projects.delete(project, query.flag("purge")?).await?))
}

async fn undelete_project(State(api): State<Api>, Name(project): Name<ProjectName>) -> Answer<Operation> {
    Ok(Json(api.control.projects.undelete(project).await?))
}

async fn list_branches(
    State(api): State<Api>,
    Name(project): Name<ProjectName>,
    query: Params,
) -> Answer<Branches> {
    Ok(Json(api.control.branches.list(&project, &query.page()?, query.flag("show_deleted")?).await?))
}

async fn create_branch(
    State(api): State<Api>,
    Name(project): Name<ProjectName>,
    query: Params,
    Body(body): Body<Branch>,
) -> Answer<Operation> {
    let (id, replace) = (query.text("branch_id"), query.flag("replace_existing")?);
    Ok(Json(api.control.branches.create(project, id, replace, body).await?))
}

/// A route of our own: the service does not know it, and has no way to hide a branch while it is masked.
async fn create_masked_branch(
    State(api): State<Api>,
    Name(project): Name<ProjectName>,
    query: Params,
    Body(body): Body<MaskedBranch>,
) -> Answer<Operation> {
    Ok(Json(api.control.branches.create_masked(project, query.text("branch_id"), body).await?))
}

/// A route of our own: only the local server sees the files of branches.
async fn written_blocks(
    State(api): State<Api>,
    Name(branch): Name<BranchName>,
    Body(body): Body<WrittenBlocksRequest>,
) -> Answer<WrittenBlocks> {
    Ok(Json(api.control.branches.written_blocks(&branch, body).await?))
}

async fn get_branch(State(api): State<Api>, Name(branch): Name<BranchName>) -> Answer<Branch> {
    Ok(Json(api.control.branches.get(&branch).await?))
}

/// A route of our own: the service says nothing about its disks, nor how far the history of a branch goes.
async fn get_branch_storage(State(api): State<Api>, Name(branch): Name<BranchName>) -> Answer<BranchStorage> {
    Ok(Json(api.control.branches.storage(&branch).await?))
}

async fn update_branch(
    State(api): State<Api>,
    Name(branch): Name<BranchName>,
    query: Params,
    Body(body): Body<Branch>,
) -> Answer<Operation> {
    Ok(Json(api.control.branches.update(branch, query.text("update_mask"), body).await?))
}

async fn delete_branch(
    State(api): State<Api>,
    Name(branch): Name<BranchName>,
    query: Params,
) -> Answer<Operation> {
    let (purge, allow_missing) = (query.flag("purge")?, query.flag("allow_missing")?);
    Ok(Json(api.control.branches.delete(branch, purge, allow_missing).await?))
}

async fn undelete_branch(State(api): State<Api>, Name(branch): Name<BranchName>) -> Answer<Operation> {
    Ok(Json(api.control.branches.undelete(branch).await?))
}

async fn generate_credential(
    State(api): State<Api>,
    Body(request): Body<CredentialRequest>,
) -> Answer<DatabaseCredential> {
    Ok(Json(api.control.credentials.generate(&request)?))
}

/// The name of an operation is its path; its id may hold slashes.
pub(super) async fn operation(State(api): State<Api>, path: axum::http::Uri) -> Answer<Operation> {
    let name = percent_encoding::percent_decode_str(path.path().trim_start_matches('/')).decode_utf8_lossy();
    Ok(Json(api.control.operations.get(&name)?))
}
