//! Reset of a branch to its source.

use super::{Branch, BranchInfo};
use crate::{
    api::{expiry::Expiry, request::sent_when_awaited},
    error::{Error, ErrorKind, Result},
};

/// A request to reset a branch to the current state of its source: [`Branch::reset`].
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// use lakebase::{Expiry, hours};
///
/// let fresh = branch.reset(Expiry::after(hours(24))).await?;
/// println!("{:?} again", fresh.source_branch);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid) for an expiry that breaks a rule;
/// [`NotFound`](crate::ErrorKind::NotFound) when the branch does not exist;
/// [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition) for a root, default or protected branch, one with
/// children, or one whose source is gone or expires; then those of [`DeleteBranch`](crate::builder::DeleteBranch) and
/// [`CreateBranch`](crate::builder::CreateBranch). If the creation fails, the branch is gone.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct ResetBranch {
    branch: Branch,
    expiry: Expiry,
}

impl ResetBranch {
    async fn run(self) -> Result<BranchInfo> {
        let Self { branch, expiry } = self;
        let context = || format!("resetting branch {}", branch.name());
        expiry.check(chrono::Utc::now()).map_err(|error| Error::from(error).with_context(context()))?;
        let old = branch.get().await?;
        let refuse = |why: &str| {
            Err(Error::new(ErrorKind::FailedPrecondition, why.to_owned()).with_context(context()))
        };
        let Some(source) = &old.source_branch else {
            return refuse("it is a root branch and has no source to start over from");
        };
        if old.is_protected {
            return refuse("it is protected; take that away with update().protected(false) first");
        }
        if old.is_default {
            return refuse("it is the project's default branch; make another one the default first");
        }
        let all = branch.project().branches().await?;
        if let Some(child) = all.iter().find(|other| other.source_branch.as_ref() == Some(branch.name())) {
            return refuse(&format!("it has children, {} for one; delete them first", child.name));
        }
        // Everything that could make the creation fail is checked before the deletion destroys data.
        let Some(source) = all.iter().find(|other| other.name == *source) else {
            return refuse(&format!("its source {source} is gone"));
        };
        if source.expire_time.is_some() {
            return refuse(&format!(
                "its source {} has an expiry, and such branches get no children",
                source.name
            ));
        }
        branch.delete().purge().allow_missing().await?;
        source.create_branch(branch.id(), expiry).await
    }
}

sent_when_awaited!(ResetBranch => BranchInfo);

impl Branch {
    /// Resets the branch: **deletes it permanently and creates it again** from the current state of its source. The API
    /// has no call for this.
    ///
    /// All changes of the branch are lost. It gets a new uid; one new endpoint `primary` with the project's default
    /// settings and another host replaces its endpoints, so connections break and pools have to be opened again. Roles
    /// and databases are those of the source. A branch with children is rejected, as are root, default and protected
    /// branches, before anything is changed. The expiry is an argument because it starts anew, too.
    ///
    /// # Errors
    ///
    /// Awaiting it: [`FailedPrecondition`](ErrorKind::FailedPrecondition) for the branches rejected above,
    /// [`NotFound`](ErrorKind::NotFound), and the errors of [`delete`](Self::delete) and
    /// [`create_branch`](Self::create_branch). If the creation fails, the branch is gone.
    pub fn reset(&self, expiry: Expiry) -> ResetBranch {
        ResetBranch { branch: self.clone(), expiry }
    }
}
