//! Deletion of roles.

use super::Role;
use crate::{
    api::{
        name::RoleName,
        operation::Operation,
        request::{Arguments, gone, sent_when_awaited, start},
    },
    error::{Error, Result},
    http::Request,
};

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

    /// New owner of the role's objects. Without it, a role that owns objects is not dropped.
    pub fn reassign_owned_to(mut self, role: impl TryInto<RoleName, Error: Into<Error>>) -> Self {
        self.new_owner = self.arguments.take(role);
        self
    }

    /// Counts a missing role as dropped. By default it is a [`NotFound`](crate::ErrorKind::NotFound).
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
