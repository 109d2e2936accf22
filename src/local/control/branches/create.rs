//! Creation of branches.

use chrono::Utc;
use serde_json::Value;
use tokio::time::Instant;

use super::{
    Branches, apply,
    masked::Masks,
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
            computes::Computes,
            endpoints,
            error_conversion::{caught, with_sources},
            error_response::ErrorResponse,
            failpoint, generated_ids,
            locks::{Held, Wanted},
            operations::{ResourceKind, Work},
            passwords, point_in_time,
            rules::{self, deletion, expiry, mask},
            spares::Creating,
            state::{Branch, Origin, State},
            to_wire::{self, json},
        },
        engine::{CloneMethod, Fork, ForkPoint, ReadySpare},
    },
};

/// The outcome of the reservation.
enum Begun {
    /// The branch existed: its JSON now.
    Replaced(Value),
    Fork(Source, Box<Branch>),
}

/// The way to the files of a branch.
enum Way {
    /// From the history of the source.
    At(ForkPoint),
    /// A spare that has everything by now.
    Spare(Box<ReadySpare>),
    Clone,
}

/// Held while a branch is made.
struct Making {
    held: Held,
    creating: Option<Creating>,
}

impl Making {
    /// Lets go of the source, of which nothing more is needed, for work that takes long.
    fn leave(&mut self, source: &Source) {
        self.creating = None;
        match source {
            Source::Branch(branch) => self.held.release(&branch.name()),
            Source::Snapshot(snapshot) => self.held.release(&snapshot.name()),
        }
    }
}

impl Branches {
    pub(super) async fn begin_create(
        self,
        project: ProjectName,
        id: String,
        replace: bool,
        spec: BranchSpec,
        masks: Option<Masks>,
    ) -> Result<Work, ErrorResponse> {
        let name = project.branch(rules::ids::parse("branch_id", &id)?);
        let source = SourceName::of(&self.state.snapshot(), &project, &spec)?;
        let Some(expiry) = expiry::chosen(&spec)? else {
            return Err(ErrorResponse::bad_request("Expiration must be specified when creating a branch"));
        };
        let at = point_in_time::point(&spec)?;
        let creating = self.spares.creating();
        let held = self.hold_for_fork(&source, &name).await?;
        let making = Making { held, creating: Some(creating) };
        let state = self.state.snapshot();
        if let (Some(at), SourceName::Branch(source)) = (at, &source)
            && !state.branches.contains_key(&name)
        {
            point_in_time::check_point(&state, &self.computes.engine, source, at).await?;
        }
        let spare = match &source {
            SourceName::Branch(source) if at.is_none() && !state.branches.contains_key(&name) => {
                // The server of a spare runs, and a masked branch has none before it is masked.
                if masks.is_none() { self.spares.take(source).await } else { None }
            }
            _ => None,
        };
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
            let (source, mut branch) = draft(state, &name, source, expiry, &spec, self.max_branches)?;
            if let Some(spare) = &spare {
                branch.uid.clone_from(&spare.key().branch);
            }
            state.put_branch(branch.clone());
            Ok(Begun::Fork(source, Box::new(branch)))
        };
        Ok(match self.state.commit(reserve).await? {
            Begun::Replaced(response) => Work::done(ResourceKind::Branch, &name, response),
            Begun::Fork(source, branch) => {
                let way = match (at, spare) {
                    (Some(at), _) => Way::At(at),
                    (None, Some(spare)) => Way::Spare(Box::new(spare)),
                    (None, None) => Way::Clone,
                };
                self.fork(making, source, *branch, way, masks)
            }
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

    fn fork(
        self,
        mut making: Making,
        source: Source,
        branch: Branch,
        way: Way,
        masks: Option<Masks>,
    ) -> Work {
        let name = branch.name();
        Work::new(ResourceKind::Branch, branch.name(), async move {
            let made = caught(self.make(&mut making, &source, branch.clone(), way, masks)).await;
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
        making: &mut Making,
        source: &Source,
        mut branch: Branch,
        way: Way,
        masks: Option<Masks>,
    ) -> Result<Value, ErrorResponse> {
        let computes = &self.computes;
        let at_a_point = matches!(way, Way::At(_));
        let fork = self.files(source, &branch, way).await?;
        failpoint::reached("create-branch.files");
        if let Some(masks) = masks {
            making.leave(source);
            // Before there is an address, so that there is no login.
            masks.apply(&computes.engine, &branch, making.held.until_deleted()).await?;
            branch.masked = true;
        }
        branch.origin = branch.origin.map(|origin| Origin {
            lsn: fork.lsn,
            time: fork.time,
            method: method(fork.method).to_owned(),
            bytes_added: fork.bytes_added,
            ..origin
        });
        let begun = Instant::now();
        let endpoint = branch.read_write().cloned();
        let start = async {
            match &endpoint {
                Some(endpoint) if !endpoint.disabled => computes.wake(&branch, endpoint).await.map(drop),
                _ => Ok(()),
            }
        };
        let (published, started) = tokio::join!(computes.publish(&branch), start);
        started?;
        computes.counters.part("create: address and start", begun.elapsed());
        for (endpoint, address) in published? {
            branch.set_address(endpoint.id(), address);
        }
        if at_a_point || source.is_of_the_past() {
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
        let begun = Instant::now();
        let acknowledged = self.state.commit(acknowledge).await?;
        computes.counters.part("create: state", begun.elapsed());
        if let (Source::Branch(source), false) = (source, at_a_point) {
            self.spares.branched(source);
        }
        Ok(acknowledged)
    }

    /// Creates the files; with a spare, its server runs already.
    async fn files(&self, source: &Source, branch: &Branch, way: Way) -> Result<Fork, ErrorResponse> {
        let Computes { engine, counters, .. } = &*self.computes;
        let way = match way {
            Way::Spare(spare) => match engine.promote_spare(*spare).await {
                Ok(fork) => {
                    counters.spare_used();
                    return Ok(fork);
                }
                Err(error) => {
                    let error = with_sources(&error);
                    tracing::warn!(branch = %branch.name(), error, "a spare did not become a branch; cloning");
                    Way::Clone
                }
            },
            way => way,
        };
        let begun = Instant::now();
        let fork = match way {
            Way::At(at) => engine.fork_at(&source.key(), &branch.key(), at).await?,
            Way::Spare(_) | Way::Clone => engine.fork(&source.key(), &branch.key()).await?,
        };
        counters.cloned(fork.method, begun.elapsed());
        Ok(fork)
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
        masked: false,
        init: true,
    };
    Ok((source, branch))
}
