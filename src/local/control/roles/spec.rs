//! Roles from specs: new ones, replaced ones and updated ones.

use chrono::{DateTime, Utc};

use crate::{
    api::{
        name::RoleId,
        wire::role::{AuthMethod, IdentityType, MembershipRole, RoleAttributes, RoleSpec},
    },
    local::control::{
        error_response::ErrorResponse,
        generated_ids, passwords,
        rules::{
            self,
            mask::{self, RoleField, Selected},
        },
        state::{Attributes, Role},
    },
};

/// The attributes of a role.
const ATTRIBUTES: [RoleField; 3] = [RoleField::BypassRls, RoleField::CreateDb, RoleField::CreateRole];

/// The role of the caller who creates a project.
pub(in crate::local::control) fn draft_owner(user: &str, now: DateTime<Utc>) -> Result<Role, ErrorResponse> {
    Ok(Role {
        id: rules::ids::parse("role_id", &generated_ids::role_id_of(user))?,
        created: now,
        updated: now,
        postgres_role: user.to_owned(),
        identity: if user.contains('@') { IdentityType::User } else { IdentityType::ServicePrincipal },
        auth: AuthMethod::Oauth,
        attributes: Attributes { bypassrls: true, createdb: true, createrole: true },
        memberships: vec![MembershipRole::DatabricksSuperuser],
        password: None,
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
    let memberships = memberships(spec)?;
    let password = (auth == AuthMethod::Password).then(passwords::generate).transpose()?;
    let mut attributes = Attributes::default();
    set_attributes(&mut attributes, spec.attributes.as_ref());
    Ok(Role {
        id: id.map_or_else(|| rules::ids::parse("role_id", &generated_ids::generated_id("rol")), Ok)?,
        created: now,
        updated: now,
        postgres_role,
        identity,
        auth,
        attributes,
        memberships,
        password,
    })
}

/// A role after `replace_existing`: attributes that the spec leaves out keep their values, its memberships are all.
pub(super) fn replacement(old: &Role, spec: &RoleSpec) -> Result<Role, ErrorResponse> {
    let mut role = Role { memberships: memberships(spec)?, updated: Utc::now(), ..old.clone() };
    set_attributes(&mut role.attributes, spec.attributes.as_ref());
    Ok(role)
}

/// A role after an update. A mask of the whole role replaces the memberships, with none where the spec names none;
/// unless it is `spec` alone, it also requires all attributes.
pub(super) fn updated(old: &Role, mask: &str, spec: &RoleSpec) -> Result<Role, ErrorResponse> {
    let mut fields: Vec<Selected<RoleField>> = mask::parse(mask)?;
    let mut role = Role { updated: Utc::now(), ..old.clone() };
    let paths = || mask.split(',').map(str::trim);
    if paths().any(|path| ["spec", "*"].contains(&path)) {
        role.memberships = memberships(spec)?;
        let required = mask.trim() != "spec";
        fields = ATTRIBUTES.iter().map(|field| Selected { field: *field, required }).collect();
    }
    mask::apply(&fields, |field| set(&mut role, field, spec))?;
    Ok(role)
}

fn set_attributes(attributes: &mut Attributes, given: Option<&RoleAttributes>) {
    let Some(given) = given else { return };
    mask::set(&mut attributes.bypassrls, given.bypassrls.as_ref());
    mask::set(&mut attributes.createdb, given.createdb.as_ref());
    mask::set(&mut attributes.createrole, given.createrole.as_ref());
}

fn memberships(spec: &RoleSpec) -> Result<Vec<MembershipRole>, ErrorResponse> {
    let memberships = spec.membership_roles.clone().unwrap_or_default();
    check_memberships(&memberships)?;
    Ok(memberships)
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
