//! Permissions of a project: the principals that may use and manage it.

use reqwest::Method;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Project, ProjectInfo};
use crate::{
    api::{
        client::Lakebase,
        request::read,
        resource::{forward, sealed::Read},
        wire::permission::{
            AccessControl, AccessEntry as WireEntry, ObjectPermissions, PERMISSIONS_PATH, PermissionLevel,
            PermissionsRequest, Principal as WirePrincipal,
        },
    },
    error::Result,
    http::Request,
};

/// A principal that permissions are given to.
///
/// ```
/// use lakebase::model::Principal;
///
/// let app = Principal::ServicePrincipal("6f1c1c2e-0000-4000-8000-000000000001".to_owned());
/// assert_eq!(app.name(), "6f1c1c2e-0000-4000-8000-000000000001");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum Principal {
    /// A user, by e-mail address.
    User(String),
    /// A group, by name.
    Group(String),
    /// A service principal, by application id.
    ServicePrincipal(String),
}

impl Principal {
    /// The e-mail address, group name or application id.
    pub fn name(&self) -> &str {
        match self {
            Self::User(name) | Self::Group(name) | Self::ServicePrincipal(name) => name,
        }
    }
}

/// A permission to give: a level for a principal.
///
/// ```
/// use lakebase::model::{Grant, PermissionLevel};
///
/// let grant = Grant::user("ada@example.com", PermissionLevel::CanUse);
/// assert_eq!(grant.principal.name(), "ada@example.com");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Grant {
    /// The principal.
    pub principal: Principal,
    /// The level of access that it gets.
    pub level: PermissionLevel,
}

impl Grant {
    /// A permission for a user, by e-mail address.
    pub fn user(email: impl Into<String>, level: PermissionLevel) -> Self {
        Self { principal: Principal::User(email.into()), level }
    }

    /// A permission for a group, by name.
    pub fn group(name: impl Into<String>, level: PermissionLevel) -> Self {
        Self { principal: Principal::Group(name.into()), level }
    }

    /// A permission for a service principal, by application id.
    pub fn service_principal(application_id: impl Into<String>, level: PermissionLevel) -> Self {
        Self { principal: Principal::ServicePrincipal(application_id.into()), level }
    }
}

/// A permission that a principal has.
///
/// ```no_run
/// # fn example(permission: lakebase::model::Permission) {
/// println!("{} {}", permission.level, if permission.inherited { "(inherited)" } else { "" });
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Permission {
    /// The level of access that the principal has.
    pub level: PermissionLevel,
    /// Whether it comes from an object above the project, and cannot be taken here.
    pub inherited: bool,
    /// The objects that it comes from.
    pub inherited_from: Vec<String>,
}

/// A principal with its permissions on a project.
///
/// ```no_run
/// # async fn example(project: lakebase::Project) -> lakebase::Result<()> {
/// for entry in project.permissions().get().await?.entries {
///     println!("{} {:?}", entry.principal.name(), entry.permissions);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AccessEntry {
    /// The principal.
    pub principal: Principal,
    /// Its name for people.
    pub display_name: Option<String>,
    /// Its permissions, direct and inherited ones.
    pub permissions: Vec<Permission>,
}

/// The permissions on a project, direct and inherited ones.
///
/// ```no_run
/// # async fn example(project: lakebase::Project) -> lakebase::Result<()> {
/// println!("{} principals", project.permissions().get().await?.entries.len());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AccessList {
    /// An entry for each principal.
    pub entries: Vec<AccessEntry>,
}

impl Read for AccessList {
    const ITEMS: &'static str = "";

    fn read<'de, D: Deserializer<'de>>(_: &Lakebase, answer: D) -> Result<Self, D::Error> {
        let list = ObjectPermissions::deserialize(answer)?.access_control_list;
        Ok(Self { entries: list.into_iter().filter_map(AccessEntry::from_wire).collect() })
    }
}

impl AccessEntry {
    /// `None` for a kind of principal that this version of the crate does not know.
    fn from_wire(wire: WireEntry) -> Option<Self> {
        let WirePrincipal { user_name, group_name, service_principal_name } = wire.principal;
        let principal = user_name
            .map(Principal::User)
            .or(group_name.map(Principal::Group))
            .or(service_principal_name.map(Principal::ServicePrincipal))?;
        let permissions = wire.all_permissions.into_iter().map(|permission| Permission {
            level: permission.permission_level.unwrap_or(PermissionLevel::Unknown(String::new())),
            inherited: permission.inherited.unwrap_or_default(),
            inherited_from: permission.inherited_from_object.unwrap_or_default(),
        });
        Some(Self { principal, display_name: wire.display_name, permissions: permissions.collect() })
    }
}

impl From<Grant> for AccessControl {
    fn from(Grant { principal, level }: Grant) -> Self {
        let none = WirePrincipal::default();
        let principal = match principal {
            Principal::User(name) => WirePrincipal { user_name: Some(name), ..none },
            Principal::Group(name) => WirePrincipal { group_name: Some(name), ..none },
            Principal::ServicePrincipal(id) => WirePrincipal { service_principal_name: Some(id), ..none },
        };
        Self { principal, permission_level: Some(level) }
    }
}

/// The permissions on a project: [`Project::permissions`].
///
/// ```no_run
/// # async fn example(project: lakebase::Project) -> lakebase::Result<()> {
/// use lakebase::model::{Grant, PermissionLevel};
///
/// let app = Grant::service_principal("6f1c1c2e-0000-4000-8000-000000000001", PermissionLevel::CanUse);
/// project.permissions().update([app]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectPermissions {
    project: Project,
}

impl ProjectPermissions {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) when the project does not exist,
    /// [`PermissionDenied`](crate::ErrorKind::PermissionDenied) without CAN_MANAGE on it. Also the errors of
    /// [any call](crate::builder::RawRequest#errors).
    pub async fn get(&self) -> Result<AccessList> {
        self.send(Method::GET, "reading", None).await
    }

    /// Replaces all direct permissions; none at all removes them. Inherited ones and those of the owner stay.
    ///
    /// # Errors
    ///
    /// Those of [`get`](Self::get); [`Invalid`](crate::ErrorKind::Invalid) for a level that a project does not have,
    /// [`NotFound`](crate::ErrorKind::NotFound) also for a principal that does not exist.
    pub async fn set(&self, grants: impl IntoIterator<Item = Grant>) -> Result<AccessList> {
        self.send(Method::PUT, "setting", Some(body(grants))).await
    }

    /// Gives permissions; those of other principals stay.
    ///
    /// # Errors
    ///
    /// Those of [`set`](Self::set).
    pub async fn update(&self, grants: impl IntoIterator<Item = Grant>) -> Result<AccessList> {
        self.send(Method::PATCH, "updating", Some(body(grants))).await
    }

    async fn send(&self, method: Method, verb: &str, body: Option<PermissionsRequest>) -> Result<AccessList> {
        let path = format!("{PERMISSIONS_PATH}/{}", self.project.id());
        let request =
            Request::absolute(method, path, format!("{verb} the permissions of {}", self.project.name()));
        let request = match body {
            // Sent twice, it gives the same permissions.
            Some(body) => request.json(&body)?.idempotent(),
            None => request,
        };
        read(self.project.client(), request).await
    }
}

fn body(grants: impl IntoIterator<Item = Grant>) -> PermissionsRequest {
    PermissionsRequest { access_control_list: grants.into_iter().map(AccessControl::from).collect() }
}

impl Project {
    /// The permissions on the project; nothing is sent.
    pub fn permissions(&self) -> ProjectPermissions {
        ProjectPermissions { project: self.clone() }
    }
}

impl ProjectInfo {
    forward! {
        Project:
        fn permissions(&self) -> ProjectPermissions;
    }
}
