//! Deletion and undeletion of branches.

use serde_json::json;

use super::{Branch, is_stable};
use crate::{
    api::{
        operation::Operation,
        request::{sent_when_awaited, start},
        wait::{PollResult, until},
    },
    error::{ErrorKind, Result},
    http::Request,
};

/// A request to delete a branch with its endpoints, roles and databases.
///
/// Awaited, it waits until the branch is deleted. It first waits for a branch that is still being created (the service
/// would acknowledge the deletion and do nothing), and retries while the service is reconciling, both for up to three
/// minutes.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// branch.delete().purge().allow_missing().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`NotFound`](crate::ErrorKind::NotFound), unless it is [allowed](Self::allow_missing);
/// [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition) for a root, default or protected branch or one with
/// children; [`Timeout`](crate::ErrorKind::Timeout) when the branch is still being created, the service is still
/// reconciling, or the branch still exists, after three minutes each. Also the errors of
/// [waiting](crate::Operation#errors) and of [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct DeleteBranch {
    branch: Branch,
    purge: bool,
    allow_missing: bool,
}

impl DeleteBranch {
    pub(super) fn new(branch: &Branch) -> Self {
        Self { branch: branch.clone(), purge: false, allow_missing: false }
    }

    /// Deletes permanently, also a branch that was deleted before and is still kept. By default the service keeps the
    /// branch for some days, and [`Branch::undelete`] restores it.
    pub fn purge(mut self) -> Self {
        self.purge = true;
        self
    }

    /// Counts a missing branch as deleted. By default it is a [`NotFound`](ErrorKind::NotFound).
    pub fn allow_missing(mut self) -> Self {
        self.allow_missing = true;
        self
    }

    /// Sends the request and returns the operation without waiting, and without the checks before and after.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound); [`FailedPrecondition`](ErrorKind::FailedPrecondition) for a root, default
    /// or protected branch or one with children; [`Reconciling`](ErrorKind::Reconciling) is repeated first.
    pub async fn start(self) -> Result<Operation<()>> {
        start(self.branch.client(), self.request()).await
    }

    async fn run(self) -> Result<()> {
        match self.delete().await {
            Err(error) if error.kind() == ErrorKind::NotFound && self.allow_missing => Ok(()),
            result => result,
        }
    }

    async fn delete(&self) -> Result<()> {
        let context = || format!("deleting branch {}", self.branch.name());
        let deleted = until!(self.branch.client().deadlines().ready, {
            Ok(match self.branch.try_get().await? {
                Some(info) if !is_stable(&info.state) => {
                    PollResult::Pending(format!("the branch is {}", info.state))
                }
                _ => PollResult::Ready(()),
            })
        });
        deleted.await.map_err(|error| error.with_context(context()))?;
        self.clone().start().await?.await?;
        self.see_it_gone().await.map_err(|error| error.with_context(context()))
    }

    /// An acknowledged deletion may have done nothing; then it is sent again.
    async fn see_it_gone(&self) -> Result<()> {
        let mut looks = 0_u32;
        until!(self.branch.client().deadlines().ready, {
            match self.branch.try_get().await? {
                None => return Ok(PollResult::Ready(())),
                Some(info) if info.is_deleted() => return Ok(PollResult::Ready(())),
                Some(_) => looks += 1,
            }
            if looks.is_multiple_of(LOOKS_BEFORE_RESENDING) {
                match self.clone().start().await {
                    Ok(operation) => operation.await?,
                    Err(error) if error.kind() == ErrorKind::NotFound => return Ok(PollResult::Ready(())),
                    Err(error) => return Err(error),
                }
            }
            Ok(PollResult::Pending(
                "the service says that the branch is deleted, but it is still there".to_owned(),
            ))
        })
        .await
    }

    fn request(&self) -> Request {
        let name = self.branch.name().to_string();
        let mut request = Request::delete(&name, format!("deleting branch {name}"));
        if self.purge {
            request = request.query("purge", true);
        }
        request
    }
}

const LOOKS_BEFORE_RESENDING: u32 = 10;

sent_when_awaited!(DeleteBranch => ());

/// A request to restore a deleted branch with its data. Awaited, it waits until the branch is restored.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// branch.undelete().await?;
/// let branch = branch.get().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`NotFound`](crate::ErrorKind::NotFound) when there is no such deleted branch;
/// [`Timeout`](crate::ErrorKind::Timeout) when the service is still reconciling after three minutes. Also the errors
/// of [waiting](crate::Operation#errors) and of [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct UndeleteBranch {
    branch: Branch,
}

impl UndeleteBranch {
    pub(super) fn new(branch: &Branch) -> Self {
        Self { branch: branch.clone() }
    }

    /// Sends the request and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) when there is no such deleted branch.
    pub async fn start(self) -> Result<Operation<()>> {
        let name = self.branch.name();
        let request =
            Request::post(&format!("{name}/undelete"), &json!({}), format!("undeleting branch {name}"));
        start(self.branch.client(), request?).await
    }

    async fn run(self) -> Result<()> {
        self.start().await?.await
    }
}

sent_when_awaited!(UndeleteBranch => ());
