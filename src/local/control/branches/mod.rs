//! Branches: forked from a source, each with a compute of its own.

mod create;
mod delete;
mod masked;
mod schedule;
mod source;
mod storage;
mod undelete;
mod written_blocks;

use std::sync::Arc;

use chrono::Utc;
use futures_util::future::join_all;
use serde_json::Value;

pub(super) use self::{
    delete::{DeleteReason, purgeable},
    source::branch_named,
};
use super::{
    computes::Computes,
    error_response::ErrorResponse,
    intents::CatalogChanges,
    listing::{PageRequest, page},
    locks::Locks,
    operations::{Operations, ResourceKind, Work},
    rules::{
        deletion, expiry,
        mask::{self, BranchField, Selected},
    },
    shared_state::SharedState,
    spares::Spares,
    state::{Branch, State},
    to_wire::{self, json},
};
use crate::api::{
    name::{BranchName, ProjectName},
    wire::{self, branch::BranchSpec, operation::Operation},
};

/// Calls on branches.
#[derive(Clone)]
pub(crate) struct Branches {
    pub(super) state: Arc<SharedState>,
    pub(super) operations: Arc<Operations>,
    pub(super) computes: Arc<Computes>,
    pub(super) locks: Arc<Locks>,
    pub(super) changes: Arc<CatalogChanges>,
    pub(super) spares: Arc<Spares>,
    /// The most branches that a project can have.
    pub(super) max_branches: usize,
}

impl Branches {
    pub(crate) async fn create(
        &self,
        project: ProjectName,
        id: String,
        replace: bool,
        body: wire::branch::Branch,
    ) -> Result<Operation, ErrorResponse> {
        let spec = body.spec.unwrap_or_default();
        self.operations.submit(self.clone().begin_create(project, id, replace, spec, None)).await
    }

    pub(crate) async fn get(&self, name: &BranchName) -> Result<wire::branch::Branch, ErrorResponse> {
        let state = self.state.snapshot();
        let mut branch = Branch::clone(state.branch(name)?);
        if !branch.init {
            branch.logical_size = self.computes.logical_size(&branch).await;
        }
        to_wire::branch(&state, &branch)
    }

    pub(crate) async fn list(
        &self,
        project: &ProjectName,
        request: &PageRequest,
        deleted: bool,
    ) -> Result<wire::Branches, ErrorResponse> {
        let state = self.state.snapshot();
        let project = state.project(project)?;
        let tombstones = state.tombstones.values().filter(|branch| deleted && branch.project == project.id);
        let all = state.branches_of(&project.id).chain(tombstones);
        let all = all.map(|branch| (branch.created, branch.id.to_string(), branch)).collect();
        let (branches, next_page_token) = page(all, request, 0)?;
        let sizes = join_all(branches.iter().map(|branch| self.computes.listed_size(branch))).await;
        let sized = branches.into_iter().zip(sizes).map(|(branch, logical_size)| {
            to_wire::branch(&state, &Branch { logical_size, ..Branch::clone(branch) })
        });
        Ok(wire::Branches { items: sized.collect::<Result<_, _>>()?, next_page_token })
    }

    pub(crate) async fn update(
        &self,
        name: BranchName,
        mask: String,
        body: wire::branch::Branch,
    ) -> Result<Operation, ErrorResponse> {
        let shared = Arc::clone(&self.state);
        let spec = body.spec.unwrap_or_default();
        self.operations
            .submit(async move {
                let fields = mask::parse(&mask);
                let changed = shared.commit(|state| {
                    state.created_branch(&name)?;
                    apply(state, &name, &fields?, &spec)
                });
                Ok(Work::done(ResourceKind::Branch, &name, changed.await?))
            })
            .await
    }
}

/// Sets fields of a branch, and returns its JSON.
fn apply(
    state: &mut State,
    name: &BranchName,
    fields: &[Selected<BranchField>],
    spec: &BranchSpec,
) -> Result<Value, ErrorResponse> {
    let mut branch = Branch::clone(state.branch(name)?);
    let (now, was_protected) = (Utc::now(), branch.protected);
    mask::apply(fields, |field| match field {
        BranchField::Protected => Ok(mask::set(&mut branch.protected, spec.is_protected.as_ref())),
        BranchField::Expiration => {
            let Some(chosen) = expiry::chosen(spec)? else { return Ok(false) };
            branch.expires = expiry::resolve(chosen, branch.created, now)?;
            Ok(true)
        }
    })?;
    if branch.protected && !was_protected {
        deletion::check_may_be_protected(state, name)?;
    }
    if branch.expires.is_some() {
        deletion::check_may_expire(state, state.project(name.project())?, &branch)?;
    }
    branch.updated = now;
    let response = json(&to_wire::branch(state, &branch)?);
    state.put_branch(branch);
    Ok(response)
}
