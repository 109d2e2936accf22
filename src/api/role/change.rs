//! Making, changing and dropping roles.

use super::{Role, RoleAttributes, RoleDefinition, RoleInfo};
use crate::{
    api::{
        branch::Branch,
        mask::Mask,
        name::{RoleId, RoleName},
        operation::Operation,
        request::{Arguments, gone, sent_when_awaited, start},
        wire::role::{MembershipRole, Role as Wire, RoleSpec},
    },
    error::{Error, Result},
    http::Request,
};

/// A request to make a role.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// use lakebase::model::RoleDefinition;
///
/// let role = branch.create_role(RoleDefinition::user("ada@example.com").superuser()).id("ada").await?;
/// println!("{}", role.name);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid) for an id that breaks a rule, which the builder keeps until
/// then, or an identity that the service does not know; [`AlreadyExists`](crate::ErrorKind::AlreadyExists);
/// [`NotFound`](crate::ErrorKind::NotFound) when the branch does not exist; [`Timeout`](crate::ErrorKind::Timeout)
/// when the service is still reconciling after three minutes. Also the errors of [waiting](crate::Operation#errors)
/// and of [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct CreateRole {
    branch: Branch,
    id: Option<RoleId>,
    arguments: Arguments,
    role: RoleDefinition,
    replace_existing: bool,
}

impl CreateRole {
    pub(super) fn new(branch: &Branch, role: RoleDefinition) -> Self {
        Self {
            branch: branch.clone(),
            id: None,
            arguments: Arguments::default(),
            role,
            replace_existing: false,
        }
    }

    /// The id. Default: the service makes one.
    pub fn id(mut self, id: impl TryInto<RoleId, Error: Into<Error>>) -> Self {
        self.id = self.arguments.take(id);
        self
    }

    /// Replaces what a role of this id that exists already may do, an inherited one for example: what is
    /// not named here is taken away, membership too. Off by default.
    pub fn replace_existing(mut self) -> Self {
        self.replace_existing = true;
        self
    }

    /// Sends the request and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists), [`NotFound`](crate::ErrorKind::NotFound) when the branch does not
    /// exist, [`Invalid`](crate::ErrorKind::Invalid) when the identity is not known.
    pub async fn start(self) -> Result<Operation<RoleInfo>> {
        let client = self.branch.client().clone();
        let body = Wire { spec: Some(self.role.into()), ..Default::default() };
        let context = format!("creating a role of {}", self.branch.name());
        let mut request = Request::post(&format!("{}/roles", self.branch.name()), &body, context)?;
        self.arguments.finish()?;
        if let Some(id) = self.id {
            request = request.query("role_id", id);
        }
        start(&client, request.replacing(self.replace_existing)).await
    }

    async fn run(self) -> Result<RoleInfo> {
        self.start().await?.await
    }
}

sent_when_awaited!(CreateRole => RoleInfo);

/// A change of a role; what is not set stays as it is.
///
/// ```no_run
/// # async fn example(role: lakebase::Role) -> lakebase::Result<()> {
/// role.update().createdb(true).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid) when nothing is set, before anything is sent;
/// [`NotFound`](crate::ErrorKind::NotFound); [`Timeout`](crate::ErrorKind::Timeout) when the service is still
/// reconciling after three minutes. Also the errors of [waiting](crate::Operation#errors) and of
/// [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct UpdateRole {
    role: Role,
    spec: RoleSpec,
    mask: Mask,
}

impl UpdateRole {
    pub(super) fn new(role: &Role) -> Self {
        Self { role: role.clone(), spec: RoleSpec::default(), mask: Mask::default() }
    }

    fn attributes_of(&mut self, path: &'static str) -> &mut crate::api::wire::role::RoleAttributes {
        self.mask.add(path);
        self.spec.attributes.get_or_insert_default()
    }

    /// All three attributes at once.
    pub fn attributes(self, attributes: RoleAttributes) -> Self {
        self.createdb(attributes.createdb).createrole(attributes.createrole).bypassrls(attributes.bypassrls)
    }

    /// Whether it may make databases.
    pub fn createdb(mut self, allowed: bool) -> Self {
        self.attributes_of("spec.attributes.createdb").createdb = Some(allowed);
        self
    }

    /// Whether it may make roles.
    pub fn createrole(mut self, allowed: bool) -> Self {
        self.attributes_of("spec.attributes.createrole").createrole = Some(allowed);
        self
    }

    /// Whether row-level security does not apply to it.
    pub fn bypassrls(mut self, bypass: bool) -> Self {
        self.attributes_of("spec.attributes.bypassrls").bypassrls = Some(bypass);
        self
    }

    /// The roles that it is a member of; the list replaces what was there.
    pub fn membership_roles(mut self, roles: impl IntoIterator<Item = MembershipRole>) -> Self {
        self.spec.membership_roles = Some(roles.into_iter().collect());
        self.mask.add("spec.membership_roles");
        self
    }

    /// Sends the change and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) when nothing is set, [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn start(self) -> Result<Operation<RoleInfo>> {
        let name = self.role.name().to_string();
        let mask = self.mask.text(&name)?;
        let body = Wire { spec: Some(self.spec), ..Default::default() };
        let request = Request::patch(&name, &body, format!("updating role {name}"))?;
        start(self.role.client(), request.query("update_mask", mask).idempotent()).await
    }

    async fn run(self) -> Result<RoleInfo> {
        self.start().await?.await
    }
}

sent_when_awaited!(UpdateRole => RoleInfo);

/// A request to drop a role.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// branch.role("ada")?.delete().reassign_owned_to(branch.role("app")?).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`NotFound`](crate::ErrorKind::NotFound), unless it is [allowed](Self::allow_missing);
/// [`Invalid`](crate::ErrorKind::Invalid) for a new owner whose name breaks a rule;
/// [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition) or [`Invalid`](crate::ErrorKind::Invalid) when the
/// role owns objects and has no successor; [`Timeout`](crate::ErrorKind::Timeout) when the service is still
/// reconciling after three minutes. Also the errors of [waiting](crate::Operation#errors) and of
/// [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct DeleteRole {
    role: Role,
    new_owner: Option<RoleName>,
    arguments: Arguments,
    allow_missing: bool,
}

impl DeleteRole {
    pub(super) fn new(role: &Role) -> Self {
        Self { role: role.clone(), new_owner: None, arguments: Arguments::default(), allow_missing: false }
    }

    /// The next owner of the objects of the role. Default: a role that owns something is not dropped.
    pub fn reassign_owned_to(mut self, role: impl TryInto<RoleName, Error: Into<Error>>) -> Self {
        self.new_owner = self.arguments.take(role);
        self
    }

    /// Takes a role that is not there for dropped. By default it is a [`NotFound`](crate::ErrorKind::NotFound).
    pub fn allow_missing(mut self) -> Self {
        self.allow_missing = true;
        self
    }

    /// Sends the request and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound); [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition) or
    /// [`Invalid`](crate::ErrorKind::Invalid) when the role owns something.
    pub async fn start(self) -> Result<Operation<()>> {
        let name = self.role.name().to_string();
        let mut request = Request::delete(&name, format!("deleting role {name}"));
        self.arguments.finish()?;
        if let Some(role) = self.new_owner {
            request = request.query("reassign_owned_to", role);
        }
        start(self.role.client(), request).await
    }

    async fn run(self) -> Result<()> {
        let allow_missing = self.allow_missing;
        gone(self.start().await, allow_missing).await
    }
}

sent_when_awaited!(DeleteRole => ());
