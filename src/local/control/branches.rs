//! Branches: forked from a source, each with a compute of its own.

use std::sync::Arc;

use chrono::Utc;
use serde::Serialize;
use serde_json::Value;

use super::{
    Control, endpoints, failpoint, identity,
    listing::{PageRequest, page},
    locks::{Held, Wanted},
    operations::{Subject, Work, empty},
    past,
    rejection::{Code, Rejection},
    rules::{self, deletion, expiry, mask},
    state::{Branch, BranchIds, Origin, State},
    view,
};
use crate::{
    api::{
        expiry::Expiry,
        name::BranchName,
        wire::{self, branch::BranchSpec, operation::Operation},
    },
    local::engine::{CloneMethod, ForkPoint},
};

const MOST_BRANCHES: usize = 500;

impl Control {
    pub(crate) async fn create_branch(
        self: &Arc<Self>,
        ids: BranchIds,
        replace: bool,
        body: wire::branch::Branch,
    ) -> Result<Operation, Rejection> {
        let control = Arc::clone(self);
        let spec = body.spec.unwrap_or_default();
        self.submit(async move { control.begin_branch(ids, replace, spec).await }).await
    }

    pub(crate) async fn get_branch(
        &self,
        project: &str,
        id: &str,
    ) -> Result<wire::branch::Branch, Rejection> {
        let state = self.snapshot();
        let branch = state.branch(project, id)?;
        let mut branch = Branch::clone(branch);
        if !branch.init {
            branch.logical_size = self.logical_size(&branch).await;
        }
        tell(&state, &branch)
    }

    pub(crate) fn list_branches(
        &self,
        project: &str,
        request: &PageRequest,
    ) -> Result<wire::Branches, Rejection> {
        let state = self.snapshot();
        state.project(project)?;
        let items = state
            .branches_of(project)
            .map(|branch| Ok((branch.created, branch.id.clone(), tell(&state, branch)?)))
            .collect::<Result<_, Rejection>>()?;
        let (items, next_page_token) = page(items, request, 0)?;
        Ok(wire::Branches { items, next_page_token })
    }

    pub(crate) async fn update_branch(
        self: &Arc<Self>,
        ids: BranchIds,
        mask: String,
        body: wire::branch::Branch,
    ) -> Result<Operation, Rejection> {
        let control = Arc::clone(self);
        let spec = body.spec.unwrap_or_default();
        self.submit(async move {
            let leaves = mask::BRANCH.resolve(&mask);
            let (name, response) = control
                .commit(|state| {
                    state.branch(&ids.0, &ids.1)?;
                    apply(state, &ids, &leaves?, &spec)
                })
                .await?;
            Ok(Work::done(Subject::Branch, name, response))
        })
        .await
    }

    pub(crate) async fn delete_branch(
        self: &Arc<Self>,
        ids: BranchIds,
        allow_missing: bool,
    ) -> Result<Operation, Rejection> {
        let control = Arc::clone(self);
        self.submit(async move {
            let name = name_of(&ids);
            match control.begin_delete(ids, Why::Asked).await {
                Err(rejection) if allow_missing && rejection.code == Code::NotFound => {
                    Ok(Work::done(Subject::Branch, name, empty()))
                }
                answer => answer,
            }
        })
        .await
    }

    /// Checks the guards and takes the row away; the files follow.
    pub(super) async fn begin_delete(self: Arc<Self>, ids: BranchIds, why: Why) -> Result<Work, Rejection> {
        if why == Why::Asked {
            let state = self.snapshot();
            let branch = state.branch(&ids.0, &ids.1)?;
            deletion::check_branch(&state, state.project(&ids.0)?, branch)?;
            self.check_is_settled(branch)?;
        }
        let _deleting = self.locks.announce_delete(&name_of(&ids));
        let wanted = Wanted::by("the deletion of the branch").shared(format!("projects/{}", ids.0));
        let held = self.locks.hold(wanted.exclusive(name_of(&ids))).await?;
        let branch = self
            .commit(|state| {
                let branch = Arc::clone(state.branch(&ids.0, &ids.1)?);
                // Its expiry may have been moved, or another branch have taken the id, while this waited.
                if why == Why::Expired && !branch.has_expired(Utc::now()) {
                    return Err(Rejection::bad_request(format!(
                        "branch '{}' has not expired",
                        branch.name()
                    )));
                }
                deletion::check_branch(state, state.project(&ids.0)?, &branch)?;
                state.branches.remove(&ids);
                Ok(branch)
            })
            .await?;
        Ok(Work::new(Subject::Branch, branch.name(), async move {
            let _held = held;
            failpoint::reached("delete-branch.row");
            self.tear_down(&branch).await?;
            Ok(empty())
        }))
    }

    async fn begin_branch(
        self: Arc<Self>,
        ids: BranchIds,
        replace: bool,
        spec: BranchSpec,
    ) -> Result<Work, Rejection> {
        rules::ids::check_id("branch_id", &ids.1)?;
        let source = source_of(&self.snapshot(), &ids.0, &spec)?;
        let Some(expiry) = expiry::chosen(&spec)? else {
            return Err(Rejection::bad_request("Expiration must be specified when creating a branch"));
        };
        let at = past::point(&spec)?;
        let source_ids = (ids.0.clone(), source);
        let held = self.hold_for_fork(&source_ids, &ids).await?;
        if let Some(at) = at.filter(|_| !self.snapshot().branches.contains_key(&ids)) {
            self.check_point(&source_ids, at).await?;
        }
        let begun = self
            .commit(|state| {
                state.project(&ids.0)?;
                if state.branches.contains_key(&ids) {
                    return if replace {
                        replaced(state, &ids, &spec).map(Begun::Replaced)
                    } else {
                        Err(exists(&ids.1))
                    };
                }
                let (source, branch) = draft(state, &ids, &source_ids, expiry, &spec)?;
                state.put_branch(branch.clone());
                Ok(Begun::Fork(source, Box::new(branch)))
            })
            .await?;
        Ok(match begun {
            Begun::Replaced((name, response)) => Work::done(Subject::Branch, name, response),
            Begun::Fork(source, branch) => self.fork(held, source, *branch, at),
        })
    }

    /// Locks the source, with no interrupted change left in it, and the branch to be made.
    async fn hold_for_fork(&self, source: &BranchIds, target: &BranchIds) -> Result<Held, Rejection> {
        loop {
            self.ensure_whole(source).await?;
            let wanted = Wanted::by("the creation of a branch").shared(format!("projects/{}", target.0));
            let held = self.locks.hold(wanted.shared(name_of(source)).exclusive(name_of(target))).await?;
            if !self.is_interrupted(source) {
                return Ok(held);
            }
        }
    }

    fn fork(self: Arc<Self>, held: Held, source: Arc<Branch>, branch: Branch, at: Option<ForkPoint>) -> Work {
        Work::new(Subject::Branch, branch.name(), async move {
            let _held = held;
            let made = super::caught(self.make_branch(&source, branch.clone(), at)).await;
            if made.is_err() {
                let forgotten = self.commit(|state| Ok(state.branches.remove(&branch.ids()))).await;
                if let Err(error) = forgotten {
                    tracing::error!(%error, branch = branch.name(), "a branch that failed cannot be forgotten");
                }
                if let Err(error) = self.tear_down(&branch).await {
                    tracing::error!(%error, branch = branch.name(), "what is left of a failed branch goes at the next start");
                }
            }
            made
        })
    }

    /// The files, the address and the compute, which starts at once because somebody will log in next.
    async fn make_branch(
        &self,
        source: &Branch,
        mut branch: Branch,
        at: Option<ForkPoint>,
    ) -> Result<Value, Rejection> {
        let fork = match at {
            Some(at) => self.engine.fork_at(&source.key(), &branch.key(), at).await?,
            None => self.engine.fork(&source.key(), &branch.key()).await?,
        };
        failpoint::reached("create-branch.files");
        let endpoint = branch.read_write().cloned();
        let start = async {
            match &endpoint {
                Some(endpoint) if !endpoint.disabled => self.wake(&branch, endpoint).await.map(|_| ()),
                _ => Ok(()),
            }
        };
        let (published, started) = tokio::join!(self.publish_branch(&branch), start);
        started?;
        for (_, endpoint, address) in published? {
            super::set_address(&mut branch, &endpoint, address);
        }
        if at.is_some() {
            self.keep_what_was_there(&mut branch).await?;
            branch.logical_size = self.logical_size(&branch).await;
        } else {
            // A copy is as large as what it was copied from, which spares a walk that somebody waits for.
            branch.logical_size = self.sizes.last(&source.uid).unwrap_or(source.logical_size);
            self.sizes.put(&branch.uid, branch.logical_size);
        }
        branch.origin = branch.origin.map(|origin| Origin {
            lsn: fork.lsn,
            time: fork.time,
            method: method(fork.method).to_owned(),
            bytes_added: fork.bytes_added,
            ..origin
        });
        failpoint::reached("create-branch.started");
        branch.init = false;
        branch.state_changed = Utc::now();
        self.commit(|state| {
            let response = tell(state, &branch)?;
            state.put_branch(branch);
            Ok(json(&response))
        })
        .await
    }

    /// What the branch holds now; what it held last when that cannot be read.
    pub(super) async fn logical_size(&self, branch: &Branch) -> i64 {
        if let Some(size) = self.sizes.recent(&branch.uid) {
            return size;
        }
        match self.engine.logical_size(&branch.key()).await {
            Ok(size) => {
                let size = i64::try_from(size).unwrap_or(i64::MAX);
                self.sizes.put(&branch.uid, size);
                size
            }
            Err(error) => {
                tracing::debug!(%error, branch = branch.name(), "the size cannot be read");
                branch.logical_size
            }
        }
    }
}

/// Why a branch is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Asked,
    Expired,
}

enum Begun {
    /// The branch was there: its name and what it looks like now.
    Replaced((String, Value)),
    Fork(Arc<Branch>, Box<Branch>),
}

fn name_of(ids: &BranchIds) -> String {
    format!("projects/{}/branches/{}", ids.0, ids.1)
}

fn method(method: CloneMethod) -> &'static str {
    match method {
        CloneMethod::Reflink => "REFLINK",
        CloneMethod::Copy => "COPY",
    }
}

fn exists(id: &str) -> Rejection {
    Rejection::bad_request(format!(
        "branch already exists; branch_name:\"{id}\" [TraceId: {:032x}]",
        fastrand::u128(..)
    ))
}

fn tell(state: &State, branch: &Branch) -> Result<wire::branch::Branch, Rejection> {
    let project = state.project_or_tombstone(&branch.project)?;
    Ok(view::branch(branch, project.default_branch == branch.id))
}

/// The id of the branch to fork: the one named, else the project's default branch.
fn source_of(state: &State, project: &str, spec: &BranchSpec) -> Result<String, Rejection> {
    let project = state.project(project)?;
    if spec.source_snapshot.is_some() {
        return Err(Rejection::no_snapshots());
    }
    let Some(name) = spec.source_branch.as_deref().filter(|name| !name.is_empty()) else {
        return Ok(project.default_branch.clone());
    };
    let name: BranchName = name.parse().map_err(|_| Rejection::not_found("branch id"))?;
    if name.project().id().as_str() != project.id {
        return Err(Rejection::bad_request(
            "source_branch field must point to the branch from the same Project",
        ));
    }
    Ok(name.id().as_str().to_owned())
}

/// The new branch as it will be, with what it inherits.
fn draft(
    state: &State,
    ids: &BranchIds,
    source: &BranchIds,
    expiry: Expiry,
    spec: &BranchSpec,
) -> Result<(Arc<Branch>, Branch), Rejection> {
    let project = state.project(&ids.0)?;
    let source = Arc::clone(state.branch(&source.0, &source.1)?);
    if source.expires.is_some() {
        return Err(Rejection::bad_request("Branches with an expiration date cannot have child branches"));
    }
    if state.branches_of(&ids.0).count() >= MOST_BRANCHES {
        return Err(Rejection::bad_request(format!("A project can have at most {MOST_BRANCHES} branches")));
    }
    let now = Utc::now();
    let expires = expiry::resolve(expiry, now, now)?;
    let protected = spec.is_protected.unwrap_or(false);
    if protected && expires.is_some() {
        return Err(Rejection::bad_request("Protected branches cannot have an expiration date"));
    }
    if protected {
        deletion::check_may_be_protected(state, ids)?;
    }
    let endpoint = endpoints::draft_primary(&project.defaults, now);
    let branch = Branch {
        project: ids.0.clone(),
        project_uid: project.uid.clone(),
        id: ids.1.clone(),
        uid: identity::words("br"),
        created: now,
        updated: now,
        state_changed: now,
        protected,
        expires,
        origin: Some(Origin {
            branch: source.id.clone(),
            branch_uid: source.uid.clone(),
            lsn: String::new(),
            time: now,
            method: String::new(),
            bytes_added: 0,
        }),
        logical_size: source.logical_size,
        endpoints: [(endpoint.id.clone(), endpoint)].into(),
        roles: source.roles.clone(),
        databases: source.databases.clone(),
        intent: None,
        init: true,
    };
    Ok((source, branch))
}

/// `replace_existing` on a branch that is there: what the spec says is applied, what it is stays.
fn replaced(state: &mut State, ids: &BranchIds, spec: &BranchSpec) -> Result<(String, Value), Rejection> {
    apply(state, ids, &mask::BRANCH.resolve("spec")?, spec)
}

fn apply(
    state: &mut State,
    ids: &BranchIds,
    leaves: &[mask::Leaf],
    spec: &BranchSpec,
) -> Result<(String, Value), Rejection> {
    let mut branch = Branch::clone(state.branch(&ids.0, &ids.1)?);
    let (now, was_protected) = (Utc::now(), branch.protected);
    mask::apply(leaves, |path| match path {
        "spec.is_protected" => Ok(mask::set(&mut branch.protected, spec.is_protected.as_ref())),
        "spec.expiration" => {
            let Some(chosen) = expiry::chosen(spec)? else { return Ok(false) };
            branch.expires = expiry::resolve(chosen, branch.created, now)?;
            Ok(true)
        }
        _ => Ok(false),
    })?;
    if branch.protected && !was_protected {
        deletion::check_may_be_protected(state, ids)?;
    }
    if branch.expires.is_some() {
        deletion::check_may_expire(state, state.project(&ids.0)?, &branch)?;
    }
    branch.updated = now;
    let told = (branch.name(), json(&tell(state, &branch)?));
    state.put_branch(branch);
    Ok(told)
}

/// A resource as the `response` of an operation.
pub(super) fn json<T: Serialize>(resource: &T) -> Value {
    // The resources are plain structs with text keys, which always have a JSON form.
    serde_json::to_value(resource).unwrap_or_default()
}
