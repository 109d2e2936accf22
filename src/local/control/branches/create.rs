//! Creation of branches.

use chrono::Utc;
use serde_json::Value;
use tokio::time::Instant;

use super::{
    Branches, apply,
    source::{Source, SourceName},
};
use crate::{
    api::{
        expiry::Expiry,
        name::{BranchId, BranchName, ProjectId, ProjectName},
        wire::branch::BranchSpec,
    },
    local::{
        control::{
            endpoints,
            error_conversion::caught,
            error_response::ErrorResponse,
            failpoint, generated_ids,
            locks::{Held, Wanted},
            operations::{ResourceKind, Work},
            passwords, point_in_time,
            rules::{self, deletion, expiry, mask},
            state::{Branch, Origin, State},
            to_wire::{self, json},
        },
        engine::{CloneMethod, ForkPoint},
    },
};

/// The outcome of the reservation.
enum Begun {
    /// The branch existed: its JSON now.
    Replaced(Value),
    Fork(Source, Box<Branch>),
}

impl Branches {
    pub(super) async fn begin_create(
        self,
        project: ProjectName,
        id: String,
        replace: bool,
        spec: BranchSpec,
    ) -> Result<Work, ErrorResponse> {
        let name = project.branch(rules::ids::parse("branch_id", &id)?);
        let source = SourceName::of(&self.state.snapshot(), &project, &spec)?;
        let Some(expiry) = expiry::chosen(&spec)? else {
            return Err(ErrorResponse::bad_request("Expiration must be specified when creating a branch"));
        };
        let at = point_in_time::point(&spec)?;
        let held = self.hold_for_fork(&source, &name).await?;
        let state = self.state.snapshot();
        if let (Some(at), SourceName::Branch(source)) = (at, &source)
            && !state.branches.contains_key(&name)
        {
            point_in_time::check_point(&state, &self.computes.engine, source, at).await?;
        }
        let reserve = |state: &mut State| {
            state.project(&project)?;
            if state.branches.contains_key(&name) {
                return if replace {
                    // The given fields are applied; everything else stays.
                    apply(state, &name, &mask::all(), &spec).map(Begun::Replaced)
                } else {
                    Err(exists(name.id()))
                };
            }
            let source = Source::find(state, &source, at)?;
            let (source, branch) = draft(state, &name, source, expiry, &spec, self.max_branches)?;
            state.put_branch(branch.clone());
            Ok(Begun::Fork(source, Box::new(branch)))
        };
        Ok(match self.state.commit(reserve).await? {
            Begun::Replaced(response) => Work::done(ResourceKind::Branch, &name, response),
            Begun::Fork(source, branch) => self.fork(held, source, *branch, at),
        })
    }

    async fn hold_for_fork(&self, source: &SourceName, target: &BranchName) -> Result<Held, ErrorResponse> {
        const OPERATION: &str = "the creation of a branch";
        match source {
            SourceName::Branch(source) => self.changes.hold_for_copy(source, target, OPERATION).await,
            SourceName::Snapshot(source) => {
                let wanted = Wanted::by(OPERATION).shared(target.project());
                self.locks.hold(wanted.shared(source).exclusive(target)).await
            }
        }
    }

    fn fork(self, held: Held, source: Source, branch: Branch, at: Option<ForkPoint>) -> Work {
        let name = branch.name();
        Work::new(ResourceKind::Branch, branch.name(), async move {
            let _held = held;
            let made = caught(self.make(&source, branch.clone(), at)).await;
            if made.is_err() {
                let forgotten = self.state.commit(|state| Ok(state.branches.remove(&name))).await;
                if let Err(error) = forgotten {
                    tracing::error!(%error, branch = %name, "failed to remove the record of a branch whose creation failed");
                }
                if let Err(error) = self.computes.remove(&branch).await {
                    tracing::error!(
                        %error,
                        branch = %name,
                        "failed to remove the files of a branch whose creation failed; the next start removes them"
                    );
                }
            }
            made
        })
    }

    /// Creates the files, the address and the compute, which starts at once because a login is likely to follow.
    async fn make(
        &self,
        source: &Source,
        mut branch: Branch,
        at: Option<ForkPoint>,
    ) -> Result<Value, ErrorResponse> {
        let computes = &self.computes;
        let begun = Instant::now();
        let fork = match at {
            Some(at) => computes.engine.fork_at(&source.key(), &branch.key(), at).await?,
            None => computes.engine.fork(&source.key(), &branch.key()).await?,
        };
        computes.counters.cloned(fork.method, begun.elapsed());
        failpoint::reached("create-branch.files");
        branch.origin = branch.origin.map(|origin| Origin {
            lsn: fork.lsn,
            time: fork.time,
            method: method(fork.method).to_owned(),
            bytes_added: fork.bytes_added,
            ..origin
        });
        let endpoint = branch.read_write().cloned();
        let start = async {
            match &endpoint {
                Some(endpoint) if !endpoint.disabled => computes.wake(&branch, endpoint).await.map(drop),
                _ => Ok(()),
            }
        };
        let (published, started) = tokio::join!(computes.publish(&branch), start);
        started?;
        for (endpoint, address) in published? {
            branch.set_address(endpoint.id(), address);
        }
        if at.is_some() || source.is_of_the_past() {
            point_in_time::retain_existing(computes, &mut branch).await?;
            branch.logical_size = computes.logical_size(&branch).await;
        } else {
            // A clone is as large as its source, so there is no need to measure it while the caller waits.
            branch.logical_size = computes.sizes.last(source.uid()).unwrap_or(source.logical_size());
            computes.sizes.put(&branch.uid, branch.logical_size);
        }
        if source.is_protected() {
            passwords::replace_all(computes, &mut branch).await?;
        }
        failpoint::reached("create-branch.started");
        branch.init = false;
        branch.state_changed = Utc::now();
        let acknowledge = |state: &mut State| {
            let response = json(&to_wire::branch(state, &branch)?);
            state.put_branch(branch);
            Ok(response)
        };
        self.state.commit(acknowledge).await
    }
}

fn method(method: CloneMethod) -> &'static str {
    match method {
        CloneMethod::Reflink => "REFLINK",
        CloneMethod::Copy => "COPY",
    }
}

fn exists(id: &BranchId) -> ErrorResponse {
    ErrorResponse::bad_request(format!(
        "branch already exists; branch_name:\"{id}\" [TraceId: {:032x}]",
        fastrand::u128(..)
    ))
}

/// Refuses one more branch than a project may have.
pub(super) fn check_count(state: &State, project: &ProjectId, most: usize) -> Result<(), ErrorResponse> {
    if state.branches_of(project).count() < most {
        return Ok(());
    }
    Err(ErrorResponse::bad_request(format!("A project can have at most {most} branches")))
}

/// The new branch before its files exist, with the roles and databases that it inherits.
fn draft(
    state: &State,
    name: &BranchName,
    source: Source,
    expiry: Expiry,
    spec: &BranchSpec,
    max_branches: usize,
) -> Result<(Source, Branch), ErrorResponse> {
    let project = state.project(name.project())?;
    if matches!(&source, Source::Branch(branch) if branch.expires.is_some() && branch.deleted.is_none()) {
        return Err(ErrorResponse::bad_request(
            "Branches with an expiration date cannot have child branches",
        ));
    }
    check_count(state, &project.id, max_branches)?;
    let now = Utc::now();
    let expires = expiry::resolve(expiry, now, now)?;
    let protected = spec.is_protected.unwrap_or(false);
    if protected && expires.is_some() {
        return Err(ErrorResponse::bad_request("Protected branches cannot have an expiration date"));
    }
    if protected {
        deletion::check_may_be_protected(state, name)?;
    }
    let mut endpoint = endpoints::draft_primary(&project.defaults, now)?;
    endpoint.address = state.former_address(&name.endpoint(endpoint.id.clone()));
    let branch = Branch {
        project: project.id.clone(),
        project_uid: project.uid.clone(),
        id: name.id().clone(),
        uid: generated_ids::uid("br"),
        created: now,
        updated: now,
        state_changed: now,
        deleted: None,
        protected,
        expires,
        origin: Some(source.origin(now)),
        logical_size: source.logical_size(),
        endpoints: [(endpoint.id.clone(), endpoint)].into(),
        roles: source.roles().clone(),
        databases: source.databases().clone(),
        intent: None,
        schedule: None,
        init: true,
    };
    Ok((source, branch))
}
