//! Roles: rows of a branch and roles in its PostgreSQL.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    error_response::ErrorResponse,
    generated_ids,
    intents::CatalogChanges,
    listing::{PageRequest, page},
    locks::Held,
    operations::{Operations, Subject, Work, empty},
    rules::{
        self,
        mask::{self, RoleField},
    },
    shared_state::SharedState,
    state::{Attributes, Branch, Intent, Role},
    to_wire::{self, json},
};
use crate::api::{
    name::{BranchName, FromService as _, RoleId, RoleName},
    wire::{
        self,
        operation::Operation,
        role::{AuthMethod, IdentityType, MembershipRole, RoleAttributes, RoleSpec},
    },
};

const MOST_ROLES: usize = 500;

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
                let mut role = this.state.snapshot().role(&name)?.1.clone();
                mask::apply(&mask::resolve(&mask)?, |field| set(&mut role, field, &spec))?;
                role.updated = Utc::now();
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
            let role = replacement(old, &spec)?;
            return Ok(self.work(held, on.role(role.id.clone()), Intent::AlterRole { role }));
        }
        let role = draft(id, &spec, Utc::now())?;
        if branch.roles.values().any(|other| other.id == role.id || other.postgres_role == role.postgres_role)
        {
            return Err(ErrorResponse::bad_request("role with that name already exists"));
        }
        if branch.roles.len() >= MOST_ROLES {
            return Err(ErrorResponse::bad_request(format!("A branch can have at most {MOST_ROLES} roles")));
        }
        Ok(self.work(held, on.role(role.id.clone()), Intent::CreateRole { role }))
    }

    /// The work of a change that leaves the role in place.
    fn work(self, held: Held, name: RoleName, intent: Intent) -> Work {
        let (changes, branch) = (Arc::clone(&self.changes), name.branch().clone());
        let resource = (Subject::Role, name.clone());
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
        Ok(self.changes.work(held, name.branch().clone(), (Subject::Role, name), intent, || Ok(empty())))
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

/// The role of the caller who creates a project.
pub(super) fn draft_owner(user: &str, now: DateTime<Utc>) -> Result<Role, ErrorResponse> {
    Ok(Role {
        id: rules::ids::parse("role_id", &generated_ids::role_id_of(user))?,
        created: now,
        updated: now,
        postgres_role: user.to_owned(),
        identity: if user.contains('@') { IdentityType::User } else { IdentityType::ServicePrincipal },
        auth: AuthMethod::Oauth,
        attributes: Attributes { bypassrls: true, createdb: true, createrole: true },
        memberships: vec![MembershipRole::DatabricksSuperuser],
    })
}

pub(super) fn draft(id: Option<RoleId>, spec: &RoleSpec, now: DateTime<Utc>) -> Result<Role, ErrorResponse> {
    let postgres_role = spec.postgres_role.clone().unwrap_or_default();
    rules::ids::check_identifier("role.spec.postgres_role", &postgres_role)?;
    rules::ids::check_role_is_not_reserved(&postgres_role)?;
    let identity = spec.identity_type.clone().unwrap_or(IdentityType::Unspecified);
    let auth = match (&spec.auth_method, &identity) {
        (Some(AuthMethod::Unknown(text)), _) => {
            return Err(ErrorResponse::invalid(format!(
                "Field 'role.spec.auth_method' has no value '{text}'"
            )));
        }
        (_, IdentityType::Unknown(text)) => {
            return Err(ErrorResponse::invalid(format!(
                "Field 'role.spec.identity_type' has no value '{text}'"
            )));
        }
        (Some(auth), _) => auth.clone(),
        (None, IdentityType::Unspecified) => AuthMethod::Password,
        (None, _) => AuthMethod::Oauth,
    };
    let memberships = spec.membership_roles.clone().unwrap_or_default();
    check_memberships(&memberships)?;
    Ok(Role {
        id: id.map_or_else(|| rules::ids::parse("role_id", &generated_ids::generated_id("rol")), Ok)?,
        created: now,
        updated: now,
        postgres_role,
        identity,
        auth,
        attributes: attributes(spec.attributes.as_ref()),
        memberships,
    })
}

/// A role after `replace_existing`: attributes and memberships that the spec leaves out are removed.
fn replacement(old: &Role, spec: &RoleSpec) -> Result<Role, ErrorResponse> {
    let memberships = spec.membership_roles.clone().unwrap_or_default();
    check_memberships(&memberships)?;
    let attributes = attributes(spec.attributes.as_ref());
    Ok(Role { memberships, attributes, updated: Utc::now(), ..old.clone() })
}

fn attributes(spec: Option<&RoleAttributes>) -> Attributes {
    let on = |pick: fn(&RoleAttributes) -> Option<bool>| spec.and_then(pick).unwrap_or(false);
    Attributes {
        bypassrls: on(|a| a.bypassrls),
        createdb: on(|a| a.createdb),
        createrole: on(|a| a.createrole),
    }
}

fn check_memberships(memberships: &[MembershipRole]) -> Result<(), ErrorResponse> {
    match memberships.iter().find(|role| **role != MembershipRole::DatabricksSuperuser) {
        None => Ok(()),
        Some(other) => Err(ErrorResponse::invalid(format!(
            "Field 'role.spec.membership_roles' has no value '{other}'; DATABRICKS_SUPERUSER is the only one"
        ))),
    }
}

fn set(role: &mut Role, field: RoleField, spec: &RoleSpec) -> Result<bool, ErrorResponse> {
    let attributes = spec.attributes.as_ref();
    Ok(match field {
        RoleField::BypassRls => {
            mask::set(&mut role.attributes.bypassrls, attributes.and_then(|a| a.bypassrls.as_ref()))
        }
        RoleField::CreateDb => {
            mask::set(&mut role.attributes.createdb, attributes.and_then(|a| a.createdb.as_ref()))
        }
        RoleField::CreateRole => {
            mask::set(&mut role.attributes.createrole, attributes.and_then(|a| a.createrole.as_ref()))
        }
        RoleField::Memberships => {
            check_memberships(spec.membership_roles.as_deref().unwrap_or_default())?;
            mask::set(&mut role.memberships, spec.membership_roles.as_ref())
        }
    })
}
