//! Deletion of endpoints.

use super::Endpoint;
use crate::{
    api::{
        operation::Operation,
        request::{gone, sent_when_awaited, start},
    },
    error::Result,
    http::Request,
};

/// A request to delete a read-only endpoint. Awaited, it waits until the endpoint is gone.
///
/// A request that is rejected because the service is still reconciling is sent again for up to three minutes.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// branch.endpoint("reports")?.delete().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`NotFound`](crate::ErrorKind::NotFound), unless it is [allowed](Self::allow_missing);
/// [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition) for a read-write endpoint, which is deleted with its
/// branch; [`Timeout`](crate::ErrorKind::Timeout) when the service is still reconciling after three minutes. Also the
/// errors of [waiting](crate::Operation#errors) and of [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct DeleteEndpoint {
    endpoint: Endpoint,
    allow_missing: bool,
}

impl DeleteEndpoint {
    pub(super) fn new(endpoint: &Endpoint) -> Self {
        Self { endpoint: endpoint.clone(), allow_missing: false }
    }

    /// Counts a missing endpoint as deleted. By default it is a [`NotFound`](crate::ErrorKind::NotFound).
    pub fn allow_missing(mut self) -> Self {
        self.allow_missing = true;
        self
    }

    /// Sends the request and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound); [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition) for a
    /// read-write endpoint, which goes with its branch (see
    /// [`Error::is_managed_by_parent`](crate::Error::is_managed_by_parent)).
    pub async fn start(self) -> Result<Operation<()>> {
        let name = self.endpoint.name().to_string();
        start(self.endpoint.client(), Request::delete(&name, format!("deleting endpoint {name}"))).await
    }

    async fn run(self) -> Result<()> {
        let allow_missing = self.allow_missing;
        gone(self.start().await, allow_missing).await
    }
}

sent_when_awaited!(DeleteEndpoint => ());
