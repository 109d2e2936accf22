//! Roles of a branch.

mod create;
mod delete;
mod password;
mod update;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use create::CreateRole;
pub use delete::DeleteRole;
pub use update::UpdateRole;

use crate::{
    api::{
        branch::{Branch, BranchInfo},
        client::Lakebase,
        name::RoleName,
        page::List,
        request::{ok_or_missing, read},
        resource::{InvalidField, forward, handle, model, named},
        wire::{
            self,
            role::{AuthMethod, IdentityType, MembershipRole},
        },
    },
    error::{Error, Result},
    http::Request,
};

handle! {
    /// A handle to one role: a name and a client. Cloning is cheap, and nothing is sent until a verb is awaited.
    ///
    /// The id is the service's; what PostgreSQL calls the role is [`RoleInfo::postgres_role`].
    ///
    /// ```no_run
    /// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
    /// let role = branch.role("app")?.get().await?;
    /// println!("{}", role.postgres_role);
    /// # Ok(())
    /// # }
    /// ```
    Role, RoleName, RoleId
}

/// The service's answer about a role. Its [`handle`](Self::handle) has all methods of a role.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// for role in branch.roles().await? {
///     println!("{} logs in by {}", role.postgres_role, role.auth_method);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RoleInfo {
    #[serde(skip)]
    handle: Role,
    /// The whole name.
    pub name: RoleName,
    /// The name in PostgreSQL.
    pub postgres_role: String,
    /// Which kind of identity it belongs to.
    pub identity_type: IdentityType,
    /// The authentication method.
    pub auth_method: AuthMethod,
    /// The role attributes.
    pub attributes: RoleAttributes,
    /// The roles that it is a member of.
    pub membership_roles: Vec<MembershipRole>,
    /// Creation time.
    pub create_time: Option<DateTime<Utc>>,
    /// Time of the last change.
    pub update_time: Option<DateTime<Utc>>,
}

/// The rights that a role carries; all off by default.
///
/// ```
/// use lakebase::model::RoleAttributes;
///
/// let attributes = RoleAttributes { createdb: true, ..RoleAttributes::default() };
/// assert!(!attributes.bypassrls);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
pub struct RoleAttributes {
    /// Whether it may create databases (`CREATEDB`).
    pub createdb: bool,
    /// Whether it may create roles (`CREATEROLE`).
    pub createrole: bool,
    /// Row-level security does not apply to it.
    pub bypassrls: bool,
}

/// The definition of a role to create.
///
/// ```
/// use lakebase::model::RoleDefinition;
///
/// let reader = RoleDefinition::service_principal("6f1c1c2e-0000-4000-8000-000000000001");
/// let plain = RoleDefinition::plain("app").superuser();
/// # let _ = (reader, plain);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RoleDefinition(wire::role::RoleSpec);

impl RoleDefinition {
    fn of(postgres_role: impl Into<String>, identity: Option<IdentityType>) -> Self {
        Self(wire::role::RoleSpec {
            postgres_role: Some(postgres_role.into()),
            identity_type: identity,
            ..Default::default()
        })
    }

    /// The role of a user: its e-mail address.
    pub fn user(email: impl Into<String>) -> Self {
        Self::of(email, Some(IdentityType::User))
    }

    /// The role of a service principal: its application id.
    pub fn service_principal(application_id: impl Into<String>) -> Self {
        Self::of(application_id, Some(IdentityType::ServicePrincipal))
    }

    /// The role of a group: its name.
    pub fn group(name: impl Into<String>) -> Self {
        Self::of(name, Some(IdentityType::Group))
    }

    /// A role of PostgreSQL alone, without an identity behind it.
    pub fn plain(postgres_role: impl Into<String>) -> Self {
        Self::of(postgres_role, None)
    }

    /// The authentication method. Default: a generated credential for an identity, else a password.
    pub fn auth_method(mut self, method: AuthMethod) -> Self {
        self.0.auth_method = Some(method);
        self
    }

    /// Sets all three role attributes. Default: none of them set, which is off for a new role.
    pub fn attributes(mut self, attributes: RoleAttributes) -> Self {
        self.0.attributes = Some(attributes.into());
        self
    }

    /// Whether it may create databases (`CREATEDB`).
    pub fn createdb(mut self, allowed: bool) -> Self {
        self.0.attributes.get_or_insert_default().createdb = Some(allowed);
        self
    }

    /// Whether it may create roles (`CREATEROLE`).
    pub fn createrole(mut self, allowed: bool) -> Self {
        self.0.attributes.get_or_insert_default().createrole = Some(allowed);
        self
    }

    /// Whether it bypasses row-level security (`BYPASSRLS`).
    pub fn bypassrls(mut self, bypass: bool) -> Self {
        self.0.attributes.get_or_insert_default().bypassrls = Some(bypass);
        self
    }

    /// Adds it to `databricks_superuser`. Off by default.
    pub fn superuser(mut self) -> Self {
        self.0.membership_roles = Some(vec![MembershipRole::DatabricksSuperuser]);
        self
    }
}

impl From<RoleDefinition> for wire::role::RoleSpec {
    fn from(definition: RoleDefinition) -> Self {
        definition.0
    }
}

impl From<RoleAttributes> for wire::role::RoleAttributes {
    fn from(attributes: RoleAttributes) -> Self {
        Self {
            bypassrls: Some(attributes.bypassrls),
            createdb: Some(attributes.createdb),
            createrole: Some(attributes.createrole),
        }
    }
}

impl From<wire::role::RoleAttributes> for RoleAttributes {
    fn from(wire: wire::role::RoleAttributes) -> Self {
        Self {
            createdb: wire.createdb.unwrap_or_default(),
            createrole: wire.createrole.unwrap_or_default(),
            bypassrls: wire.bypassrls.unwrap_or_default(),
        }
    }
}

model!(RoleInfo, Role, RoleName, RoleId, wire::role::Role, "roles");

impl RoleInfo {
    fn from_wire(client: &Lakebase, wire: wire::role::Role) -> Result<Self, InvalidField> {
        let name: RoleName = named(wire.name, "name")?;
        let status = wire.status.unwrap_or_default();
        Ok(Self {
            handle: Role::new(client, name.clone()),
            postgres_role: status.postgres_role.unwrap_or_else(|| name.id().to_string()),
            name,
            identity_type: status.identity_type.unwrap_or(IdentityType::Unspecified),
            auth_method: status.auth_method.unwrap_or(AuthMethod::Unknown(String::new())),
            attributes: status.attributes.unwrap_or_default().into(),
            membership_roles: status.membership_roles.unwrap_or_default(),
            create_time: wire.create_time,
            update_time: wire.update_time,
        })
    }

    forward! {
        Role:
        fn update(&self) -> UpdateRole;
        fn delete(&self) -> DeleteRole;
    }
}

impl Role {
    /// The branch that the role belongs to.
    pub fn branch(&self) -> Branch {
        Branch::new(&self.client, self.name.branch().clone())
    }

    /// Reads the role as the service has it now.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) if it does not exist; [`try_get`](Self::try_get) returns `None` then.
    pub async fn get(&self) -> Result<RoleInfo> {
        let name = self.name.to_string();
        read(&self.client, Request::get(&name, format!("reading role {name}"))).await
    }

    /// Reads the role; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), without `NotFound`.
    pub async fn try_get(&self) -> Result<Option<RoleInfo>> {
        ok_or_missing(self.get().await)
    }

    /// Changes attributes or membership; the rest of a role cannot be changed.
    pub fn update(&self) -> UpdateRole {
        UpdateRole::new(self)
    }

    /// Drops the role.
    pub fn delete(&self) -> DeleteRole {
        DeleteRole::new(self)
    }
}

impl Branch {
    /// Lists its roles.
    pub fn roles(&self) -> List<RoleInfo> {
        let path = format!("{}/roles", self.name());
        List::new(self.client(), Request::get(&path, format!("listing roles of {}", self.name())))
    }

    /// Creates a role. The service chooses the id unless [`id`](CreateRole::id) sets one.
    pub fn create_role(&self, role: RoleDefinition) -> CreateRole {
        CreateRole::new(self, role)
    }
}

impl BranchInfo {
    forward! {
        Branch:
        fn roles(&self) -> List<RoleInfo>;
        fn create_role(&self, role: RoleDefinition) -> CreateRole;
    }
}

impl Lakebase {
    /// A handle to a role by its whole name; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) when the text is no role name.
    pub fn role(&self, name: impl TryInto<RoleName, Error: Into<Error>>) -> Result<Role> {
        Ok(Role::new(self, name.try_into().map_err(Into::into)?))
    }
}
