//! Roles: rows of a branch and roles in its PostgreSQL.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    Control,
    branches::json,
    identity,
    intents::Intent,
    listing::{PageRequest, page},
    locks::Held,
    operations::{Subject, Work, empty},
    rejection::Rejection,
    rules::{self, mask},
    state::{Attributes, Branch, BranchIds, Role},
    view,
};
use crate::api::wire::{
    self,
    operation::Operation,
    role::{AuthMethod, IdentityType, MembershipRole, RoleAttributes, RoleSpec},
};

const MOST_ROLES: usize = 500;

impl Control {
    pub(crate) async fn create_role(
        self: &Arc<Self>,
        ids: BranchIds,
        id: Option<String>,
        replace: bool,
        body: wire::role::Role,
    ) -> Result<Operation, Rejection> {
        let control = Arc::clone(self);
        let spec = body.spec.unwrap_or_default();
        self.submit(async move { control.begin_role(ids, id, replace, spec).await }).await
    }

    pub(crate) fn get_role(&self, ids: &BranchIds, id: &str) -> Result<wire::role::Role, Rejection> {
        let state = self.snapshot();
        let branch = state.branch(&ids.0, &ids.1)?;
        Ok(view::role(branch, branch.role(id)?))
    }

    pub(crate) fn list_roles(
        &self,
        ids: &BranchIds,
        request: &PageRequest,
    ) -> Result<wire::Roles, Rejection> {
        let state = self.snapshot();
        let branch = state.branch(&ids.0, &ids.1)?;
        let items = branch.roles.values().map(|r| (r.created, r.id.clone(), view::role(branch, r))).collect();
        let (items, next_page_token) = page(items, request, 0)?;
        Ok(wire::Roles { items, next_page_token })
    }

    pub(crate) async fn update_role(
        self: &Arc<Self>,
        ids: BranchIds,
        id: String,
        mask: String,
        body: wire::role::Role,
    ) -> Result<Operation, Rejection> {
        let control = Arc::clone(self);
        let spec = body.spec.unwrap_or_default();
        self.submit(async move {
            let held = control.hold_branch(&ids, "the change of a role").await?;
            let state = control.snapshot();
            let mut role = state.branch(&ids.0, &ids.1)?.role(&id)?.clone();
            let leaves = mask::ROLE.resolve(&mask)?;
            mask::apply(&leaves, |path| set(&mut role, path, &spec))?;
            role.updated = Utc::now();
            Ok(control.role_work(held, ids, id, Intent::AlterRole { role }))
        })
        .await
    }

    pub(crate) async fn delete_role(
        self: &Arc<Self>,
        ids: BranchIds,
        id: String,
        successor: Option<String>,
    ) -> Result<Operation, Rejection> {
        let control = Arc::clone(self);
        self.submit(async move { control.begin_role_delete(ids, id, successor).await }).await
    }

    async fn begin_role(
        self: Arc<Self>,
        ids: BranchIds,
        id: Option<String>,
        replace: bool,
        spec: RoleSpec,
    ) -> Result<Work, Rejection> {
        let id = id.filter(|id| !id.is_empty());
        if let Some(id) = &id {
            rules::ids::check_id("role_id", id)?;
        }
        let held = self.hold_branch(&ids, "the creation of a role").await?;
        let state = self.snapshot();
        let branch = state.branch(&ids.0, &ids.1)?;
        if let Some(old) = id.as_ref().and_then(|id| branch.roles.get(id)).filter(|_| replace) {
            let role = replacement(old, &spec)?;
            return Ok(self.role_work(held, ids, role.id.clone(), Intent::AlterRole { role }));
        }
        let role = draft(id, &spec, Utc::now())?;
        if branch.roles.values().any(|other| other.id == role.id || other.postgres_role == role.postgres_role)
        {
            return Err(Rejection::bad_request("role with that name already exists"));
        }
        if branch.roles.len() >= MOST_ROLES {
            return Err(Rejection::bad_request(format!("A branch can have at most {MOST_ROLES} roles")));
        }
        Ok(self.role_work(held, ids, role.id.clone(), Intent::CreateRole { role }))
    }

    /// The work of a change that leaves the role in place.
    fn role_work(self: Arc<Self>, held: Held, ids: BranchIds, id: String, intent: Intent) -> Work {
        let name = format!("projects/{}/branches/{}/roles/{id}", ids.0, ids.1);
        let work = async move {
            self.change(&held, &ids, intent).await?;
            Ok(json(&self.get_role(&ids, &id)?))
        };
        Work::new(Subject::Role, name, work).failing_the_call()
    }

    async fn begin_role_delete(
        self: Arc<Self>,
        ids: BranchIds,
        id: String,
        successor: Option<String>,
    ) -> Result<Work, Rejection> {
        let held = self.hold_branch(&ids, "the deletion of a role").await?;
        let state = self.snapshot();
        let branch = state.branch(&ids.0, &ids.1)?;
        let role = branch.role(&id)?.clone();
        rules::ids::check_role_is_not_reserved(&role.postgres_role)?;
        let successor = successor.filter(|name| !name.is_empty());
        let successor = successor.map(|name| successor_of(branch, &id, &name)).transpose()?;
        let name = format!("{}/roles/{id}", branch.name());
        let work = async move {
            self.change(&held, &ids, Intent::DropRole { role, successor }).await?;
            Ok(empty())
        };
        Ok(Work::new(Subject::Role, name, work).failing_the_call())
    }
}

/// The role that takes over what another one owns.
fn successor_of(branch: &Branch, leaving: &str, name: &str) -> Result<Role, Rejection> {
    let id = role_id_in(branch, "reassign_owned_to", name)?;
    if id == leaving {
        return Err(Rejection::invalid(
            "Field 'reassign_owned_to' must name another role than the one deleted",
        ));
    }
    branch.role(&id).cloned()
}

/// The id in the full name of a role of this branch.
pub(super) fn role_id_in(branch: &Branch, field: &str, name: &str) -> Result<String, Rejection> {
    name.strip_prefix(&format!("{}/roles/", branch.name())).map(str::to_owned).ok_or_else(|| {
        Rejection::invalid(format!(
            "Field '{field}' must be the full name of a role of '{}', got '{name}'",
            branch.name()
        ))
    })
}

/// The role of whoever makes a project.
pub(super) fn draft_owner(user: &str, now: DateTime<Utc>) -> Role {
    Role {
        id: identity::role_id_of(user),
        created: now,
        updated: now,
        postgres_role: user.to_owned(),
        identity: if user.contains('@') { IdentityType::User } else { IdentityType::ServicePrincipal },
        auth: AuthMethod::Oauth,
        attributes: Attributes { bypassrls: true, createdb: true, createrole: true },
        memberships: vec![MembershipRole::DatabricksSuperuser],
    }
}

pub(super) fn draft(id: Option<String>, spec: &RoleSpec, now: DateTime<Utc>) -> Result<Role, Rejection> {
    let postgres_role = spec.postgres_role.clone().unwrap_or_default();
    rules::ids::check_identifier("role.spec.postgres_role", &postgres_role)?;
    rules::ids::check_role_is_not_reserved(&postgres_role)?;
    let identity = spec.identity_type.clone().unwrap_or(IdentityType::Unspecified);
    let auth = match (&spec.auth_method, &identity) {
        (Some(AuthMethod::Unknown(text)), _) => {
            return Err(Rejection::invalid(format!("Field 'role.spec.auth_method' has no value '{text}'")));
        }
        (_, IdentityType::Unknown(text)) => {
            return Err(Rejection::invalid(format!("Field 'role.spec.identity_type' has no value '{text}'")));
        }
        (Some(auth), _) => auth.clone(),
        (None, IdentityType::Unspecified) => AuthMethod::Password,
        (None, _) => AuthMethod::Oauth,
    };
    let memberships = spec.membership_roles.clone().unwrap_or_default();
    check_memberships(&memberships)?;
    Ok(Role {
        id: id.unwrap_or_else(|| identity::generated_id("rol")),
        created: now,
        updated: now,
        postgres_role,
        identity,
        auth,
        attributes: attributes(spec.attributes.as_ref()),
        memberships,
    })
}

/// A role as `replace_existing` makes it: what the spec leaves out is taken away.
fn replacement(old: &Role, spec: &RoleSpec) -> Result<Role, Rejection> {
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

fn check_memberships(memberships: &[MembershipRole]) -> Result<(), Rejection> {
    match memberships.iter().find(|role| **role != MembershipRole::DatabricksSuperuser) {
        None => Ok(()),
        Some(other) => Err(Rejection::invalid(format!(
            "Field 'role.spec.membership_roles' has no value '{other}'; DATABRICKS_SUPERUSER is the only one"
        ))),
    }
}

fn set(role: &mut Role, path: &str, spec: &RoleSpec) -> Result<bool, Rejection> {
    let attributes = spec.attributes.as_ref();
    Ok(match path {
        "spec.attributes.bypassrls" => {
            mask::set(&mut role.attributes.bypassrls, attributes.and_then(|a| a.bypassrls.as_ref()))
        }
        "spec.attributes.createdb" => {
            mask::set(&mut role.attributes.createdb, attributes.and_then(|a| a.createdb.as_ref()))
        }
        "spec.attributes.createrole" => {
            mask::set(&mut role.attributes.createrole, attributes.and_then(|a| a.createrole.as_ref()))
        }
        "spec.membership_roles" => {
            check_memberships(spec.membership_roles.as_deref().unwrap_or_default())?;
            mask::set(&mut role.memberships, spec.membership_roles.as_ref())
        }
        _ => false,
    })
}
