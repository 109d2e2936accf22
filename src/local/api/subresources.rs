//! Routes of a branch's subresources: endpoints, roles and databases.

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use secrecy::ExposeSecret as _;

use super::{
    Api,
    answer::Answer,
    projects::operation,
    request::{Body, Name, Params},
};
use crate::{
    api::{
        name::{BranchName, DatabaseName, EndpointName, RoleName},
        wire::{
            Databases, Endpoints, Roles,
            endpoint::{ComputeInstance, ComputeInstances, Endpoint},
            operation::Operation,
            role::{Database, Role, RolePassword},
        },
    },
    local::control::ErrorResponse,
};

pub(super) fn routes() -> Router<Api> {
    let mut routes = Router::new()
        .route("/projects/{p}/branches/{b}/endpoints", get(list_endpoints).post(create_endpoint))
        .route(
            "/projects/{p}/branches/{b}/endpoints/{e}",
            get(get_endpoint).patch(update_endpoint).delete(delete_endpoint),
        )
        .route("/projects/{p}/branches/{b}/endpoints/{e}/compute-instances", get(list_compute_instances))
        .route("/projects/{p}/branches/{b}/endpoints/{e}/compute-instances/{i}", get(get_compute_instance))
        .route("/projects/{p}/branches/{b}/roles", get(list_roles).post(create_role))
        .route("/projects/{p}/branches/{b}/roles/{r}", get(get_role).patch(update_role).delete(delete_role))
        .route("/projects/{p}/branches/{b}/roles/{r}/password", post(reveal_role_password))
        .route("/projects/{p}/branches/{b}/databases", get(list_databases).post(create_database))
        .route(
            "/projects/{p}/branches/{b}/databases/{d}",
            get(get_database).patch(update_database).delete(delete_database),
        );
    for collection in ["endpoints", "roles", "databases"] {
        let path = format!("/projects/{{p}}/branches/{{b}}/{collection}/{{l}}/operations/{{*id}}");
        routes = routes.route(&path, get(operation));
    }
    routes
}

async fn list_compute_instances(
    State(api): State<Api>,
    Name(name): Name<EndpointName>,
) -> Answer<ComputeInstances> {
    Ok(Json(api.control.endpoints.list_compute_instances(&name)?))
}

async fn get_compute_instance(
    State(api): State<Api>,
    Name(name): Name<EndpointName>,
    Path((.., instance)): Path<(String, String, String, String)>,
) -> Answer<ComputeInstance> {
    let all = api.control.endpoints.list_compute_instances(&name)?;
    let found = all.items.into_iter().find(|one| one.compute_instance_id.as_ref() == Some(&instance));
    found.map(Json).ok_or_else(|| ErrorResponse::not_found("compute instance id"))
}

async fn list_endpoints(
    State(api): State<Api>,
    Name(branch): Name<BranchName>,
    query: Params,
) -> Answer<Endpoints> {
    Ok(Json(api.control.endpoints.list(&branch, &query.page()?)?))
}

async fn create_endpoint(
    State(api): State<Api>,
    Name(branch): Name<BranchName>,
    query: Params,
    Body(body): Body<Endpoint>,
) -> Answer<Operation> {
    let (id, replace) = (query.text("endpoint_id"), query.flag("replace_existing")?);
    Ok(Json(api.control.endpoints.create(branch, id, replace, body).await?))
}

async fn get_endpoint(State(api): State<Api>, Name(name): Name<EndpointName>) -> Answer<Endpoint> {
    Ok(Json(api.control.endpoints.get(&name)?))
}

async fn update_endpoint(
    State(api): State<Api>,
    Name(name): Name<EndpointName>,
    query: Params,
    Body(body): Body<Endpoint>,
) -> Answer<Operation> {
    Ok(Json(api.control.endpoints.update(name, query.text("update_mask"), body).await?))
}

async fn delete_endpoint(State(api): State<Api>, Name(name): Name<EndpointName>) -> Answer<Operation> {
    Ok(Json(api.control.endpoints.delete(name).await?))
}

async fn list_roles(State(api): State<Api>, Name(branch): Name<BranchName>, query: Params) -> Answer<Roles> {
    Ok(Json(api.control.roles.list(&branch, &query.page()?)?))
}

async fn create_role(
    State(api): State<Api>,
    Name(branch): Name<BranchName>,
    query: Params,
    Body(body): Body<Role>,
) -> Answer<Operation> {
    let (id, replace) = (query.optional("role_id"), query.flag("replace_existing")?);
    Ok(Json(api.control.roles.create(branch, id, replace, body).await?))
}

async fn get_role(State(api): State<Api>, Name(name): Name<RoleName>) -> Answer<Role> {
    Ok(Json(api.control.roles.get(&name)?))
}

async fn update_role(
    State(api): State<Api>,
    Name(name): Name<RoleName>,
    query: Params,
    Body(body): Body<Role>,
) -> Answer<Operation> {
    Ok(Json(api.control.roles.update(name, query.text("update_mask"), body).await?))
}

async fn reveal_role_password(State(api): State<Api>, Name(name): Name<RoleName>) -> Answer<RolePassword> {
    let password = api.control.roles.reveal_password(&name).await?;
    Ok(Json(RolePassword { password: password.expose_secret().to_owned() }))
}

async fn delete_role(State(api): State<Api>, Name(name): Name<RoleName>, query: Params) -> Answer<Operation> {
    Ok(Json(api.control.roles.delete(name, query.optional("reassign_owned_to")).await?))
}

async fn list_databases(
    State(api): State<Api>,
    Name(branch): Name<BranchName>,
    query: Params,
) -> Answer<Databases> {
    Ok(Json(api.control.databases.list(&branch, &query.page()?)?))
}

async fn create_database(
    State(api): State<Api>,
    Name(branch): Name<BranchName>,
    query: Params,
    Body(body): Body<Database>,
) -> Answer<Operation> {
    let (id, replace) = (query.optional("database_id"), query.flag("replace_existing")?);
    Ok(Json(api.control.databases.create(branch, id, replace, body).await?))
}

async fn get_database(State(api): State<Api>, Name(name): Name<DatabaseName>) -> Answer<Database> {
    Ok(Json(api.control.databases.get(&name)?))
}

async fn update_database(
    State(api): State<Api>,
    Name(name): Name<DatabaseName>,
    query: Params,
    Body(body): Body<Database>,
) -> Answer<Operation> {
    Ok(Json(api.control.databases.update(name, query.text("update_mask"), body).await?))
}

async fn delete_database(State(api): State<Api>, Name(name): Name<DatabaseName>) -> Answer<Operation> {
    Ok(Json(api.control.databases.delete(name).await?))
}
