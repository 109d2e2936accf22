//! Deletion and undeletion of projects.

use serde_json::json;

use super::Project;
use crate::{
    api::{
        operation::Operation,
        request::{gone, sent_when_awaited, start},
    },
    error::Result,
    http::Request,
};

/// A request to delete a project with all its branches and data. Awaited, it waits until that is done.
///
/// The service refuses it while a branch is protected. By default it keeps the project, and its id, for 7 days.
///
/// ```no_run
/// # async fn example(project: lakebase::Project) -> lakebase::Result<()> {
/// project.delete().purge().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`NotFound`](crate::ErrorKind::NotFound), unless it is [allowed](Self::allow_missing);
/// [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition) when a branch is protected;
/// [`Timeout`](crate::ErrorKind::Timeout) when the service is still reconciling after three minutes. Also the errors
/// of [waiting](crate::Operation#errors) and of [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct DeleteProject {
    project: Project,
    purge: bool,
    allow_missing: bool,
}

impl DeleteProject {
    pub(super) fn new(project: &Project) -> Self {
        Self { project: project.clone(), purge: false, allow_missing: false }
    }

    /// Deletes permanently and frees the id, also if the project was deleted before and is still kept. Off by default.
    pub fn purge(mut self) -> Self {
        self.purge = true;
        self
    }

    /// Counts a missing project as deleted. By default it is a [`NotFound`](crate::ErrorKind::NotFound).
    pub fn allow_missing(mut self) -> Self {
        self.allow_missing = true;
        self
    }

    /// Sends the request and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound); [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition) when a
    /// branch is protected; [`Reconciling`](crate::ErrorKind::Reconciling) is repeated for three minutes first.
    pub async fn start(self) -> Result<Operation<()>> {
        let name = self.project.name().to_string();
        let mut request = Request::delete(&name, format!("deleting project {name}"));
        if self.purge {
            request = request.query("purge", true);
        }
        start(self.project.client(), request).await
    }

    async fn run(self) -> Result<()> {
        let allow_missing = self.allow_missing;
        gone(self.start().await, allow_missing).await
    }
}

sent_when_awaited!(DeleteProject => ());

/// A request to restore a deleted project with its branches.
///
/// ```no_run
/// # async fn example(project: lakebase::Project) -> lakebase::Result<()> {
/// project.undelete().await?;
/// assert!(!project.get().await?.is_deleted());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`NotFound`](crate::ErrorKind::NotFound) when there is no such deleted project;
/// [`Timeout`](crate::ErrorKind::Timeout) when the service is still reconciling after three minutes. Also the errors
/// of [waiting](crate::Operation#errors) and of [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct UndeleteProject {
    project: Project,
}

impl UndeleteProject {
    pub(super) fn new(project: &Project) -> Self {
        Self { project: project.clone() }
    }

    /// Sends the request and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) when there is no such deleted project.
    pub async fn start(self) -> Result<Operation<()>> {
        let name = self.project.name();
        let request =
            Request::post(&format!("{name}/undelete"), &json!({}), format!("undeleting project {name}"));
        start(self.project.client(), request?).await
    }

    async fn run(self) -> Result<()> {
        self.start().await?.await
    }
}

sent_when_awaited!(UndeleteProject => ());
