//! Roles: rows of a branch and roles of its PostgreSQL, changed together.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    Control,
    branches::json,
    identity,
    listing::{PageRequest, page},
    operations::{Subject, Work, empty},
    rejection::Rejection,
    rules::{self, mask},
    sql,
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
            let _held = control.hold_branch(&ids).await;
            let state = control.snapshot();
            let branch = state.branch(&ids.0, &ids.1)?;
            let mut role = branch.role(&id)?.clone();
            let leaves = mask::ROLE.resolve(&mask)?;
            mask::apply(&leaves, |path| set(&mut role, path, &spec))?;
            control.session(branch, sql::MAINTENANCE_DATABASE).await?.run(sql::alter_role(&role)).await?;
            control.keep_role(&ids, role).await
        })
        .await
    }

    pub(crate) async fn delete_role(
        self: &Arc<Self>,
        ids: BranchIds,
        id: String,
        heir: Option<String>,
    ) -> Result<Operation, Rejection> {
        let control = Arc::clone(self);
        self.submit(async move { control.begin_role_delete(ids, id, heir).await }).await
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
        let _held = self.hold_branch(&ids).await;
        let state = self.snapshot();
        let branch = state.branch(&ids.0, &ids.1)?;
        if let Some(old) = id.as_ref().and_then(|id| branch.roles.get(id)).filter(|_| replace) {
            let role = Role { memberships: spec.membership_roles.clone().unwrap_or_default(), ..old.clone() };
            let mut role =
                Role { updated: Utc::now(), attributes: attributes(spec.attributes.as_ref()), ..role };
            check_memberships(&role.memberships)?;
            role.created = old.created;
            self.session(branch, sql::MAINTENANCE_DATABASE).await?.run(sql::alter_role(&role)).await?;
            return self.keep_role(&ids, role).await;
        }
        let role = draft(id, &spec, Utc::now())?;
        if branch.roles.values().any(|other| other.id == role.id || other.postgres_role == role.postgres_role)
        {
            return Err(Rejection::bad_request("role with that name already exists"));
        }
        if branch.roles.len() >= MOST_ROLES {
            return Err(Rejection::bad_request(format!("A branch can have at most {MOST_ROLES} roles")));
        }
        let mut session = self.session(branch, sql::MAINTENANCE_DATABASE).await?;
        session.run(sql::create_role(&role)).await?;
        self.keep_role(&ids, role).await
    }

    async fn keep_role(&self, ids: &BranchIds, mut role: Role) -> Result<Work, Rejection> {
        role.updated = Utc::now();
        let kept = self.commit(|state| {
            state.change_branch(ids, |branch| {
                let told = view::role(branch, &role);
                branch.roles.insert(role.id.clone(), role);
                Ok(told)
            })
        });
        let told = kept.await?;
        Ok(Work::done(Subject::Role, told.name.clone().unwrap_or_default(), json(&told)))
    }

    async fn begin_role_delete(
        self: Arc<Self>,
        ids: BranchIds,
        id: String,
        heir: Option<String>,
    ) -> Result<Work, Rejection> {
        let _held = self.hold_branch(&ids).await;
        let state = self.snapshot();
        let branch = state.branch(&ids.0, &ids.1)?;
        let role = branch.role(&id)?.clone();
        rules::ids::check_role_is_not_reserved(&role.postgres_role)?;
        let heir =
            heir.filter(|heir| !heir.is_empty()).map(|heir| heir_of(branch, &id, &heir)).transpose()?;
        let mut session = self.session(branch, sql::MAINTENANCE_DATABASE).await?;
        if let Some(heir) = &heir {
            for database in session.databases().await? {
                let mut inside = self.session(branch, &database).await?;
                inside.run(sql::reassign(&role.postgres_role, &heir.postgres_role)).await?;
            }
        }
        session.run(sql::drop_role(&role.postgres_role)).await?;
        let heir = heir.map(|heir| heir.id);
        self.commit(|state| {
            state.change_branch(&ids, |branch| {
                branch.roles.remove(&id);
                for database in branch.databases.values_mut().filter(|database| database.role == id) {
                    database.role = heir.clone().unwrap_or_default();
                }
                Ok(())
            })
        })
        .await?;
        let name = format!("projects/{}/branches/{}/roles/{id}", ids.0, ids.1);
        Ok(Work::done(Subject::Role, name, empty()))
    }
}

/// The role that takes over what another one owns.
fn heir_of(branch: &Branch, leaving: &str, name: &str) -> Result<Role, Rejection> {
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
