//! The outcome of requests that create a resource if it is missing.

use serde::Serialize;

/// The outcome of a create-if-missing request: the resource, and whether the request made it.
///
/// ```no_run
/// # async fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
/// let shop = lakebase.create_project("shop").if_missing().outcome().await?;
/// println!("{} {}", shop.info.name, if shop.created { "was created" } else { "exists" });
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Created<T> {
    /// The service's answer about it.
    pub info: T,
    /// Whether this call made it; `false` when it was there before.
    pub created: bool,
}

impl<T> Created<T> {
    pub(crate) fn made(info: T) -> Self {
        Self { info, created: true }
    }

    pub(crate) fn found(info: T) -> Self {
        Self { info, created: false }
    }
}
