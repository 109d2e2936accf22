//! Permissions on a project, in the platform's API of permissions (`/api/2.0/permissions`).

use serde::{Deserialize, Serialize};

use super::format::open_enum;

/// The path prefix of the permissions on projects.
pub(crate) const PERMISSIONS_PATH: &str = "/api/2.0/permissions/database-projects";

open_enum! {
    /// A level of access to a project.
    ///
    /// ```
    /// assert_eq!(lakebase::model::PermissionLevel::CanUse.as_str(), "CAN_USE");
    /// ```
    pub enum PermissionLevel {
        /// Lists, views and connects.
        CanUse => "CAN_USE",
        /// Changes and deletes everything in the project, and its permissions.
        CanManage => "CAN_MANAGE",
    }
}

/// A level for one principal, as it is sent: exactly one of the three names is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AccessControl {
    #[serde(flatten)]
    pub(crate) principal: Principal,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) permission_level: Option<PermissionLevel>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Principal {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_principal_name: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PermissionsRequest {
    pub(crate) access_control_list: Vec<AccessControl>,
}

/// The permissions of an object, direct and inherited ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ObjectPermissions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object_type: Option<String>,
    pub(crate) access_control_list: Vec<AccessEntry>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AccessEntry {
    #[serde(flatten)]
    pub(crate) principal: Principal,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) display_name: Option<String>,
    pub(crate) all_permissions: Vec<Permission>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Permission {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) permission_level: Option<PermissionLevel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) inherited: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) inherited_from_object: Option<Vec<String>>,
}
