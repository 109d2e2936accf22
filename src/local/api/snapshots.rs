//! Routes of snapshots and of the schedules that take them.

use axum::{Json, Router, extract::State, routing::get};

use super::{
    Api,
    answer::Answer,
    projects::operation,
    request::{Body, Name, Params},
};
use crate::api::{
    name::{BranchName, ProjectName, SnapshotName},
    wire::{
        Snapshots,
        operation::Operation,
        snapshot::{Snapshot, SnapshotSchedule},
    },
};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/projects/{p}/snapshots", get(list_snapshots).post(create_snapshot))
        .route("/projects/{p}/snapshots/{s}", get(get_snapshot).delete(delete_snapshot))
        .route("/projects/{p}/snapshots/{s}/operations/{*id}", get(operation))
        .route(
            "/projects/{p}/branches/{b}/snapshot-schedule",
            get(snapshot_schedule).patch(set_snapshot_schedule),
        )
        .route("/projects/{p}/branches/{b}/snapshot-schedule/operations/{*id}", get(operation))
}

async fn list_snapshots(
    State(api): State<Api>,
    Name(project): Name<ProjectName>,
    query: Params,
) -> Answer<Snapshots> {
    Ok(Json(api.control.snapshots.list(&project, &query.page()?)?))
}

async fn create_snapshot(
    State(api): State<Api>,
    Name(project): Name<ProjectName>,
    query: Params,
    Body(body): Body<Snapshot>,
) -> Answer<Operation> {
    Ok(Json(api.control.snapshots.create(project, query.text("snapshot_id"), body).await?))
}

async fn get_snapshot(State(api): State<Api>, Name(name): Name<SnapshotName>) -> Answer<Snapshot> {
    Ok(Json(api.control.snapshots.get(&name)?))
}

async fn delete_snapshot(State(api): State<Api>, Name(name): Name<SnapshotName>) -> Answer<Operation> {
    Ok(Json(api.control.snapshots.delete(name).await?))
}

async fn snapshot_schedule(
    State(api): State<Api>,
    Name(branch): Name<BranchName>,
) -> Answer<SnapshotSchedule> {
    Ok(Json(api.control.branches.snapshot_schedule(&branch)?))
}

async fn set_snapshot_schedule(
    State(api): State<Api>,
    Name(branch): Name<BranchName>,
    query: Params,
    Body(body): Body<SnapshotSchedule>,
) -> Answer<Operation> {
    Ok(Json(api.control.branches.set_snapshot_schedule(branch, query.text("update_mask"), body).await?))
}
