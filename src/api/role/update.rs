//! Changes of roles.

use super::{Role, RoleAttributes, RoleInfo};
use crate::{
    api::{
        mask::Mask,
        operation::Operation,
        request::{sent_when_awaited, start},
        wire::role::{MembershipRole, Role as Wire, RoleSpec},
    },
    error::Result,
    http::Request,
};

/// A change of a role; unset fields keep their values.
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

    /// Sets all three attributes.
    pub fn attributes(self, attributes: RoleAttributes) -> Self {
        self.createdb(attributes.createdb).createrole(attributes.createrole).bypassrls(attributes.bypassrls)
    }

    /// Whether it may create databases (`CREATEDB`).
    pub fn createdb(mut self, allowed: bool) -> Self {
        self.attributes_of("spec.attributes.createdb").createdb = Some(allowed);
        self
    }

    /// Whether it may create roles (`CREATEROLE`).
    pub fn createrole(mut self, allowed: bool) -> Self {
        self.attributes_of("spec.attributes.createrole").createrole = Some(allowed);
        self
    }

    /// Whether it bypasses row-level security (`BYPASSRLS`).
    pub fn bypassrls(mut self, bypass: bool) -> Self {
        self.attributes_of("spec.attributes.bypassrls").bypassrls = Some(bypass);
        self
    }

    /// The roles that it is a member of; the list replaces the previous one.
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
