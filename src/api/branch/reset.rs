//! Reset of a branch to its source.

use chrono::Utc;

use super::{Branch, BranchInfo};
use crate::{
    api::{
        endpoint::{EndpointInfo, UpdateEndpoint},
        expiry::Expiry,
        request::sent_when_awaited,
        wire::endpoint::EndpointType,
    },
    error::{Error, ErrorKind, Result},
};

/// A request to reset a branch to the current state of its source: [`Branch::reset`].
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// let fresh = branch.reset().await?;
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
/// children, or one whose source is gone or expires; then those of [`DeleteBranch`](crate::builder::DeleteBranch),
/// [`CreateBranch`](crate::builder::CreateBranch) and [`UpdateEndpoint`](crate::builder::UpdateEndpoint). If the
/// creation fails, the branch is undeleted and is what it was.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct ResetBranch {
    branch: Branch,
    expiry: Option<Expiry>,
}

impl ResetBranch {
    /// The expiry from now on. Default: the time at which the branch expires anyway, if it does.
    pub fn expiry(mut self, expiry: Expiry) -> Self {
        self.expiry = Some(expiry);
        self
    }

    async fn run(self) -> Result<BranchInfo> {
        let context = format!("resetting branch {}", self.branch.name());
        self.reset().await.map_err(|error| error.with_context(context))
    }

    async fn reset(&self) -> Result<BranchInfo> {
        let Self { branch, expiry } = self;
        let before = self.before().await?;
        let expiry = expiry.unwrap_or_else(|| before.expire_time.map_or(Expiry::Never, Expiry::At));
        expiry.check(Utc::now())?;
        // Everything that could make the creation fail is checked before the deletion.
        let source = self.source(&before).await?;
        let endpoints = match before.is_deleted() {
            true => Vec::new(),
            false => branch.endpoints().await?,
        };
        branch.delete().allow_missing().await?;
        let made = match source.create_branch(branch.id(), expiry).await {
            Ok(made) => made,
            Err(error) => return Err(self.undo(error).await),
        };
        for endpoint in &endpoints {
            restore(branch, endpoint).await.map_err(|error| {
                let message =
                    format!("the branch was reset, and {} could not be set up as it was", endpoint.name);
                Error::new(error.kind(), message).with_source(error)
            })?;
        }
        Ok(made)
    }

    /// The branch as it is; the deleted one that a reset left which was interrupted.
    async fn before(&self) -> Result<BranchInfo> {
        let branch = &self.branch;
        if let Some(found) = branch.try_get().await?.filter(|found| !found.is_deleted()) {
            return Ok(found);
        }
        let all = branch.project().branches().show_deleted().await?;
        let deleted = all.into_iter().filter(|other| other.name == *branch.name() && other.is_deleted());
        deleted
            .max_by_key(|deleted| deleted.delete_time)
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no such branch, nor a deleted one"))
    }

    /// The source, if the branch can be reset.
    async fn source(&self, before: &BranchInfo) -> Result<BranchInfo> {
        let refuse = |why: String| Err(Error::new(ErrorKind::FailedPrecondition, why));
        let Some(source) = &before.source_branch else {
            return refuse("it is a root branch and has no source to start over from".to_owned());
        };
        if before.is_masked {
            return refuse(
                "it is masked, and its source is not; delete it and create a masked one instead".to_owned(),
            );
        }
        if before.is_protected {
            return refuse("it is protected; take that away with update().protected(false) first".to_owned());
        }
        if before.is_default {
            return refuse(
                "it is the project's default branch; make another one the default first".to_owned(),
            );
        }
        let all = self.branch.project().branches().await?;
        if let Some(child) = all.iter().find(|other| other.source_branch.as_ref() == Some(&before.name)) {
            return refuse(format!("it has children, {} for one; delete them first", child.name));
        }
        match all.into_iter().find(|other| other.name == *source) {
            None => refuse(format!("its source {source} is gone")),
            Some(source) if source.expire_time.is_some() => {
                refuse(format!("its source {} has an expiry, and such branches get no children", source.name))
            }
            Some(source) => Ok(source),
        }
    }

    /// Brings the deleted branch back.
    async fn undo(&self, error: Error) -> Error {
        let message = match self.branch.undelete().await {
            Ok(()) => "its new state could not be made; the branch is what it was".to_owned(),
            Err(failed) => format!(
                "its new state could not be made, and the branch is deleted ({failed}); another reset() or undelete() \
                 brings it back"
            ),
        };
        Error::new(error.kind(), message).with_source(error)
    }
}

sent_when_awaited!(ResetBranch => BranchInfo);

/// Gives an endpoint of the new branch the settings of the former one of its id.
async fn restore(branch: &Branch, former: &EndpointInfo) -> Result<()> {
    if former.endpoint_type == EndpointType::ReadOnly {
        let mut create = branch
            .create_endpoint(former.name.id(), EndpointType::ReadOnly)
            .disabled(former.disabled)
            .suspension(former.suspension)
            .pg_settings(former.pg_settings.clone());
        if let Some((min, max)) = former.min_cu.zip(former.max_cu) {
            create = create.autoscaling(min..=max);
        }
        return create.await.map(drop);
    }
    let Some(new) = branch.appearing_endpoint().await? else { return Ok(()) };
    let (mut update, mut differs) = (new.update(), false);
    let mut set = |is_other: bool, change: &dyn Fn(UpdateEndpoint) -> UpdateEndpoint| {
        if is_other {
            update = change(update.clone());
            differs = true;
        }
    };
    if let Some((min, max)) = former.min_cu.zip(former.max_cu) {
        set((former.min_cu, former.max_cu) != (new.min_cu, new.max_cu), &|update| {
            update.autoscaling(min..=max)
        });
    }
    set(former.suspension != new.suspension, &|update| update.suspension(former.suspension));
    set(former.group.computes != new.group.computes, &|update| update.computes(former.group.computes));
    let secondaries = former.group.readable_secondaries;
    set(secondaries != new.group.readable_secondaries, &|update| update.readable_secondaries(secondaries));
    set(former.pg_settings != new.pg_settings, &|update| update.pg_settings(former.pg_settings.clone()));
    set(former.disabled != new.disabled, &|update| update.disabled(former.disabled));
    if differs { update.await.map(drop) } else { Ok(()) }
}

impl Branch {
    /// Resets the branch to the current state of its source, under its id and with its expiry and the settings of its
    /// endpoints. The API has no call for this: the branch is deleted, so that it can be undeleted, and created again.
    ///
    /// * All changes of the branch are lost to it. They are in the deleted branch for as long as the service keeps that.
    ///   Roles and databases are those of the source, with their passwords.
    /// * Connections end. Endpoints keep their ids and settings. In a workspace they get other hosts, as a host is named
    ///   after the uid, so pools have to be opened again; the local Lakebase gives them the addresses that they had.
    /// * The uid is another one. A branch with children is rejected, as are root, default and protected branches, before
    ///   anything is changed.
    /// * Nothing is lost half-way. Where the new state cannot be made, the branch is undeleted. Where the program ends
    ///   in between, the old state is there as a deleted branch ([`undelete`](Self::undelete)), or the new one is; another
    ///   `reset` continues. Settings of endpoints that the program did not get to are the project's defaults then.
    ///
    /// # Errors
    ///
    /// Awaiting it: [`FailedPrecondition`](ErrorKind::FailedPrecondition) for the branches rejected above,
    /// [`NotFound`](ErrorKind::NotFound), and the errors of [`delete`](Self::delete),
    /// [`create_branch`](Self::create_branch) and [`Endpoint::update`](crate::Endpoint::update).
    pub fn reset(&self) -> ResetBranch {
        ResetBranch { branch: self.clone(), expiry: None }
    }
}
