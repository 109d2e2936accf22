//! Routes of a branch's subresources: endpoints, roles and databases.

use axum::{Router, extract::State, routing::get};

use super::{
    Api,
    answer::{Answer, ErrorResponse, answer},
    projects::operation,
    request::{Body, Ids, Params},
};
use crate::{
    api::wire::{
        Databases, Endpoints, Roles,
        endpoint::{ComputeInstance, ComputeInstances, Endpoint},
        operation::Operation,
        role::{Database, Role},
    },
    local::control::Rejection,
};

type OnBranch = Ids<(String, String)>;
type Subresource = Ids<(String, String, String)>;

pub(super) fn routes() -> Router<Api> {
    let mut routes = Router::new()
        .route("/projects/{p}/branches/{b}/endpoints", get(list_endpoints).post(create_endpoint))
        .route(
            "/projects/{p}/branches/{b}/endpoints/{e}",
            get(get_endpoint).patch(update_endpoint).delete(delete_endpoint),
        )
        .route("/projects/{p}/branches/{b}/endpoints/{e}/compute-instances", get(list_instances))
        .route("/projects/{p}/branches/{b}/endpoints/{e}/compute-instances/{i}", get(get_instance))
        .route("/projects/{p}/branches/{b}/roles", get(list_roles).post(create_role))
        .route("/projects/{p}/branches/{b}/roles/{r}", get(get_role).patch(update_role).delete(delete_role))
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

async fn list_endpoints(State(api): State<Api>, Ids(on): OnBranch, query: Params) -> Answer<Endpoints> {
    answer(api.control.list_endpoints(&on, &query.page()?))
}

async fn create_endpoint(
    State(api): State<Api>,
    Ids(on): OnBranch,
    query: Params,
    Body(body): Body<Endpoint>,
) -> Answer<Operation> {
    let replace = query.flag("replace_existing")?;
    answer(api.control.create_endpoint(on, query.text("endpoint_id"), replace, body).await)
}

async fn get_endpoint(State(api): State<Api>, Ids((p, b, id)): Subresource) -> Answer<Endpoint> {
    answer(api.control.get_endpoint(&(p, b), &id))
}

async fn update_endpoint(
    State(api): State<Api>,
    Ids((p, b, id)): Subresource,
    query: Params,
    Body(body): Body<Endpoint>,
) -> Answer<Operation> {
    answer(api.control.update_endpoint((p, b), id, query.text("update_mask"), body).await)
}

async fn delete_endpoint(State(api): State<Api>, Ids((p, b, id)): Subresource) -> Answer<Operation> {
    answer(api.control.delete_endpoint(&(p, b), &id))
}

async fn list_instances(State(api): State<Api>, Ids((p, b, id)): Subresource) -> Answer<ComputeInstances> {
    answer(api.control.list_compute_instances(&(p, b), &id))
}

async fn get_instance(
    State(api): State<Api>,
    Ids((p, b, id, instance)): Ids<(String, String, String, String)>,
) -> Answer<ComputeInstance> {
    let all = api.control.list_compute_instances(&(p, b), &id)?;
    let found = all.items.into_iter().find(|one| one.compute_instance_id.as_ref() == Some(&instance));
    answer(found.ok_or_else(|| Rejection::not_found("compute instance id")))
}

async fn list_roles(State(api): State<Api>, Ids(on): OnBranch, query: Params) -> Answer<Roles> {
    answer(api.control.list_roles(&on, &query.page()?))
}

async fn create_role(
    State(api): State<Api>,
    Ids(on): OnBranch,
    query: Params,
    Body(body): Body<Role>,
) -> Answer<Operation> {
    let replace = query.flag("replace_existing")?;
    answer(api.control.create_role(on, query.optional("role_id"), replace, body).await)
}

async fn get_role(State(api): State<Api>, Ids((p, b, id)): Subresource) -> Answer<Role> {
    answer(api.control.get_role(&(p, b), &id))
}

async fn update_role(
    State(api): State<Api>,
    Ids((p, b, id)): Subresource,
    query: Params,
    Body(body): Body<Role>,
) -> Answer<Operation> {
    answer(api.control.update_role((p, b), id, query.text("update_mask"), body).await)
}

async fn delete_role(
    State(api): State<Api>,
    Ids((p, b, id)): Subresource,
    query: Params,
) -> Result<axum::Json<Operation>, ErrorResponse> {
    answer(api.control.delete_role((p, b), id, query.optional("reassign_owned_to")).await)
}

async fn list_databases(State(api): State<Api>, Ids(on): OnBranch, query: Params) -> Answer<Databases> {
    answer(api.control.list_databases(&on, &query.page()?))
}

async fn create_database(
    State(api): State<Api>,
    Ids(on): OnBranch,
    query: Params,
    Body(body): Body<Database>,
) -> Answer<Operation> {
    let replace = query.flag("replace_existing")?;
    answer(api.control.create_database(on, query.optional("database_id"), replace, body).await)
}

async fn get_database(State(api): State<Api>, Ids((p, b, id)): Subresource) -> Answer<Database> {
    answer(api.control.get_database(&(p, b), &id))
}

async fn update_database(
    State(api): State<Api>,
    Ids((p, b, id)): Subresource,
    query: Params,
    Body(body): Body<Database>,
) -> Answer<Operation> {
    answer(api.control.update_database((p, b), id, query.text("update_mask"), body).await)
}

async fn delete_database(State(api): State<Api>, Ids((p, b, id)): Subresource) -> Answer<Operation> {
    answer(api.control.delete_database((p, b), id).await)
}
