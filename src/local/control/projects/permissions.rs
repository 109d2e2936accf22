//! Permissions on a project: kept and shown, and not enforced, as the holder of the token is the only caller.

use super::Projects;
use crate::{
    api::{
        name::ProjectName,
        wire::permission::{
            AccessControl, AccessEntry, ObjectPermissions, Permission, PermissionLevel, PermissionsRequest,
            Principal,
        },
    },
    local::control::{
        error_response::ErrorResponse,
        state::{Project, State},
    },
};

impl Projects {
    pub(crate) fn permissions(&self, name: &ProjectName) -> Result<ObjectPermissions, ErrorResponse> {
        Ok(self.access_list(self.state.snapshot().project(name)?))
    }

    /// Replaces the list, or changes the entries that are named.
    pub(crate) async fn set_permissions(
        &self,
        name: &ProjectName,
        replaces: bool,
        request: PermissionsRequest,
    ) -> Result<ObjectPermissions, ErrorResponse> {
        request.access_control_list.iter().try_for_each(check)?;
        let change = |state: &mut State| {
            let mut project = Project::clone(state.created_project(name)?);
            if replaces {
                project.permissions.clear();
            }
            for entry in request.access_control_list {
                project.permissions.retain(|other| other.principal != entry.principal);
                project.permissions.push(entry);
            }
            let list = self.access_list(&project);
            state.put_project(project);
            Ok(list)
        };
        self.state.commit(change).await
    }

    /// The owner manages the project whatever the list says.
    fn access_list(&self, project: &Project) -> ObjectPermissions {
        let owner = AccessControl {
            principal: Principal { user_name: Some(self.user.to_string()), ..Principal::default() },
            permission_level: Some(PermissionLevel::CanManage),
        };
        let others = project.permissions.iter().filter(|entry| entry.principal != owner.principal);
        ObjectPermissions {
            object_id: Some(format!("/database-projects/{}", project.id)),
            object_type: Some("database-projects".to_owned()),
            access_control_list: std::iter::once(&owner).chain(others).map(entry).collect(),
        }
    }
}

fn entry(access: &AccessControl) -> AccessEntry {
    let permission = Permission {
        permission_level: access.permission_level.clone(),
        inherited: Some(false),
        inherited_from_object: None,
    };
    AccessEntry { principal: access.principal.clone(), display_name: None, all_permissions: vec![permission] }
}

fn check(entry: &AccessControl) -> Result<(), ErrorResponse> {
    let Principal { user_name, group_name, service_principal_name } = &entry.principal;
    let named = [user_name, group_name, service_principal_name];
    if named.iter().filter(|name| name.is_some()).count() != 1
        || named.into_iter().flatten().any(String::is_empty)
    {
        return Err(ErrorResponse::invalid(
            "Exactly one of 'user_name', 'group_name' and 'service_principal_name' must be given for each entry of \
             'access_control_list'",
        ));
    }
    match &entry.permission_level {
        Some(PermissionLevel::CanUse | PermissionLevel::CanManage) => Ok(()),
        Some(PermissionLevel::Unknown(level)) => Err(ErrorResponse::invalid(format!(
            "'{level}' is not a permission level of database-projects; CAN_USE and CAN_MANAGE are"
        ))),
        None => Err(ErrorResponse::required("access_control_list.permission_level")),
    }
}
