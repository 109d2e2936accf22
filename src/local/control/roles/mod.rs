//! Roles: rows of a branch and roles in its PostgreSQL.

mod password;
mod spec;

use std::sync::Arc;

use chrono::Utc;

pub(super) use self::spec::draft_owner;

use super::{
    error_response::ErrorResponse,
    intents::CatalogChanges,
    listing::{PageRequest, page},
    locks::Held,
    operations::{Operations, ResourceKind, Work, empty},
    rules,
    shared_state::SharedState,
    state::{Branch, Intent, Role},
    to_wire::{self, json},
};
use crate::api::{
    name::{BranchName, FromService as _, RoleId, RoleName},
    wire::{self, operation::Operation, role::RoleSpec},
};

const MAX_ROLES: usize = 500;

/// Calls on roles.
#[derive(Clone)]
pub(crate) struct Roles {
    pub(super) state: Arc<SharedState>,
    pub(super) operations: Arc<Operations>,
    pub(super) changes: Arc<CatalogChanges>,
}

impl Roles {
    pub(crate) async fn create(
        &self,
        branch: BranchName,
        id: Option<String>,
        replace: bool,
        body: wire::role::Role,
    ) -> Result<Operation, ErrorResponse> {
        let spec = body.spec.unwrap_or_default();
        self.operations.submit(self.clone().begin_create(branch, id, replace, spec)).await
    }

    pub(crate) fn get(&self, name: &RoleName) -> Result<wire::role::Role, ErrorResponse> {
        let state = self.state.snapshot();
        let (branch, role) = state.role(name)?;
        Ok(to_wire::role(branch, role))
    }

    pub(crate) fn list(
        &self,
        branch: &BranchName,
        request: &PageRequest,
    ) -> Result<wire::Roles, ErrorResponse> {
        let state = self.state.snapshot();
        let branch = state.branch(branch)?;
        let roles = branch.roles.values();
        let items = roles.map(|r| (r.created, r.id.to_string(), to_wire::role(branch, r))).collect();
        let (items, next_page_token) = page(items, request, 0)?;
        Ok(wire::Roles { items, next_page_token })
    }

    pub(crate) async fn update(
        &self,
        name: RoleName,
        mask: String,
        body: wire::role::Role,
    ) -> Result<Operation, ErrorResponse> {
        let this = self.clone();
        let spec = body.spec.unwrap_or_default();
        self.operations
            .submit(async move {
                let held = this.changes.hold_branch(name.branch(), "the change of a role").await?;
                let role = spec::updated(this.state.snapshot().role(&name)?.1, &mask, &spec)?;
                Ok(this.work(held, name, Intent::AlterRole { role }))
            })
            .await
    }

    pub(crate) async fn delete(
        &self,
        name: RoleName,
        successor: Option<String>,
    ) -> Result<Operation, ErrorResponse> {
        self.operations.submit(self.clone().begin_delete(name, successor)).await
    }

    async fn begin_create(
        self,
        on: BranchName,
        id: Option<String>,
        replace: bool,
        spec: RoleSpec,
    ) -> Result<Work, ErrorResponse> {
        let id = rules::ids::parse_optional("role_id", id.as_deref())?;
        let held = self.changes.hold_branch(&on, "the creation of a role").await?;
        let state = self.state.snapshot();
        let branch = state.branch(&on)?;
        if let Some(old) = id.as_ref().and_then(|id| branch.roles.get(id)).filter(|_| replace) {
            let role = spec::replacement(old, &spec)?;
            return Ok(self.work(held, on.role(role.id.clone()), Intent::AlterRole { role }));
        }
        let role = spec::draft(id, &spec, Utc::now())?;
        if branch.roles.values().any(|other| other.id == role.id || other.postgres_role == role.postgres_role)
        {
            return Err(ErrorResponse::bad_request("role with that name already exists"));
        }
        if branch.roles.len() >= MAX_ROLES {
            return Err(ErrorResponse::bad_request(format!("A branch can have at most {MAX_ROLES} roles")));
        }
        Ok(self.work(held, on.role(role.id.clone()), Intent::CreateRole { role }))
    }

    /// The work of a change that leaves the role in place.
    fn work(self, held: Held, name: RoleName, intent: Intent) -> Work {
        let (changes, branch) = (Arc::clone(&self.changes), name.branch().clone());
        let resource = (ResourceKind::Role, name.clone());
        changes.work(held, branch, resource, intent, move || Ok(json(&self.get(&name)?)))
    }

    async fn begin_delete(self, name: RoleName, successor: Option<String>) -> Result<Work, ErrorResponse> {
        let held = self.changes.hold_branch(name.branch(), "the deletion of a role").await?;
        let state = self.state.snapshot();
        let (branch, role) = state.role(&name)?;
        rules::ids::check_role_is_not_reserved(&role.postgres_role)?;
        let successor = successor.filter(|name| !name.is_empty());
        let successor = successor.map(|successor| successor_of(branch, name.id(), &successor)).transpose()?;
        let intent = Intent::DropRole { role: role.clone(), successor };
        Ok(self.changes.work(held, name.branch().clone(), (ResourceKind::Role, name), intent, || Ok(empty())))
    }
}

/// The role that takes over the objects of another one.
fn successor_of(branch: &Branch, leaving: &RoleId, name: &str) -> Result<Role, ErrorResponse> {
    let id = role_id_in(branch, "reassign_owned_to", name)?;
    if id == *leaving {
        return Err(ErrorResponse::invalid(
            "Field 'reassign_owned_to' must name another role than the one deleted",
        ));
    }
    branch.role(&id).cloned()
}

/// Reads the full name of a role of this branch.
pub(super) fn role_id_in(branch: &Branch, field: &str, name: &str) -> Result<RoleId, ErrorResponse> {
    let role = RoleName::from_service(name).ok().filter(|role| *role.branch() == branch.name());
    role.map(|role| role.id().clone()).ok_or_else(|| {
        ErrorResponse::invalid(format!(
            "Field '{field}' must be the full name of a role of '{}', got '{name}'",
            branch.name()
        ))
    })
}
