//! Changes of branches.

use chrono::Utc;

use super::{Branch, BranchInfo};
use crate::{
    api::{
        expiry::Expiry,
        mask::{Expiration, Mask},
        operation::Operation,
        request::{sent_when_awaited, start},
        wire::branch::{Branch as Wire, BranchSpec},
    },
    error::Result,
    http::Request,
};

/// A change of a branch; unset fields keep their values.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// use lakebase::{Expiry, days};
///
/// let branch = branch.update().expiry(Expiry::after(days(7))).await?;
/// println!("expires {:?}", branch.expire_time);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid) when nothing is set or a value breaks a rule, before anything
/// is sent; [`NotFound`](crate::ErrorKind::NotFound); [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition);
/// [`Timeout`](crate::ErrorKind::Timeout) when the service is still reconciling after three minutes. Also the errors
/// of [waiting](crate::Operation#errors) and of [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct UpdateBranch {
    branch: Branch,
    spec: BranchSpec,
    expiry: Option<Expiry>,
    mask: Mask,
}

impl UpdateBranch {
    pub(super) fn new(branch: &Branch) -> Self {
        Self { branch: branch.clone(), spec: BranchSpec::default(), expiry: None, mask: Mask::default() }
    }

    /// The expiry, at most 30 days from now. A lifetime ([`Expiry::After`]) counts from the creation of the branch; use
    /// [`Expiry::At`] to prolong an old one.
    pub fn expiry(mut self, expiry: Expiry) -> Self {
        self.expiry = Some(expiry);
        self.mask.add("spec.expiration");
        self
    }

    /// Whether the branch is protected from deletion. One branch of a project can be; it must not expire.
    pub fn protected(mut self, protected: bool) -> Self {
        self.spec.is_protected = Some(protected);
        self.mask.add("spec.is_protected");
        self
    }

    /// Sends the change and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) when nothing is set or a value breaks a rule,
    /// [`NotFound`](crate::ErrorKind::NotFound), [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition).
    pub async fn start(self) -> Result<Operation<BranchInfo>> {
        let client = self.branch.client().clone();
        start(&client, self.request()?).await
    }

    async fn run(self) -> Result<BranchInfo> {
        self.start().await?.await
    }

    fn request(mut self) -> Result<Request> {
        let name = self.branch.name().to_string();
        let context = format!("updating branch {name}");
        let mask = self.mask.text(&name)?;
        if let Some(expiry) = self.expiry {
            // A lifetime counts from the creation of the branch, so only its length can be checked here.
            let expiry = expiry
                .check(Utc::now())
                .map_err(|e| crate::error::Error::from(e).with_context(context.clone()))?;
            let Expiration { ttl, expire_time, no_expiry } = expiry.into();
            (self.spec.ttl, self.spec.expire_time, self.spec.no_expiry) = (ttl, expire_time, no_expiry);
        }
        let body = Wire { spec: Some(self.spec), ..Default::default() };
        Ok(Request::patch(&name, &body, context)?.query("update_mask", mask).idempotent())
    }
}

sent_when_awaited!(UpdateBranch => BranchInfo);
