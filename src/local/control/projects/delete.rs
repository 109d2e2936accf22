//! Soft-delete, undelete and purge of projects.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Projects;
use crate::{
    api::name::ProjectName,
    local::control::{
        error_conversion::with_sources,
        error_response::ErrorResponse,
        failpoint,
        locks::{Held, Wanted},
        operations::{ResourceKind, Work, empty},
        rules::deletion,
        state::{Project, State},
        to_wire::PURGE_AFTER,
    },
};

/// Deleted projects past their purge time.
pub(in crate::local::control) fn purgeable(state: &State, now: DateTime<Utc>) -> Vec<ProjectName> {
    let over = |project: &&Arc<Project>| project.deleted.is_some_and(|at| at + PURGE_AFTER <= now);
    state.projects.values().filter(over).map(|project| project.name()).collect()
}

impl Projects {
    /// Deletes a project for good.
    pub(in crate::local::control) async fn purge(self, name: ProjectName) -> Result<Work, ErrorResponse> {
        let held = self.hold_for_deletion(&name).await?;
        let remove = |state: &mut State| {
            deletion::check_project(state, state.project_or_tombstone(&name)?)?;
            Ok(state.remove_project(&name))
        };
        let (branches, snapshots) = self.state.commit(remove).await?;
        Ok(Work::new(ResourceKind::Project, name, async move {
            let _held = held;
            failpoint::reached("purge-project.rows");
            for branch in branches {
                self.computes.remove(&branch).await?;
            }
            for snapshot in snapshots {
                self.computes.remove_snapshot(&snapshot).await?;
            }
            Ok(empty())
        }))
    }

    /// Deletes a project so that it can be brought back: its computes stop and logins are refused.
    pub(super) async fn soft_delete(self, name: ProjectName) -> Result<Work, ErrorResponse> {
        let held = self.hold_for_deletion(&name).await?;
        let mark = |state: &mut State| {
            let mut project = Project::clone(state.project_or_tombstone(&name)?);
            if project.deleted.is_some() {
                let text = format!("project '{name}' is deleted already; purge=true removes it for good");
                return Err(ErrorResponse::bad_request(text));
            }
            deletion::check_project(state, &project)?;
            project.deleted = Some(Utc::now());
            state.put_project(project);
            Ok(state.branches_of(name.id()).cloned().collect::<Vec<_>>())
        };
        let branches = self.state.commit(mark).await?;
        Ok(Work::new(ResourceKind::Project, name, async move {
            let _held = held;
            failpoint::reached("delete-project.row");
            for branch in branches {
                self.computes.withdraw(&branch).await?;
            }
            Ok(empty())
        }))
    }

    pub(super) async fn begin_undelete(self, name: ProjectName) -> Result<Work, ErrorResponse> {
        let held = self.locks.hold(Wanted::by("the undeletion of the project").exclusive(&name)).await?;
        let restore = |state: &mut State| {
            let mut project = Project::clone(state.project_or_tombstone(&name)?);
            if project.deleted.take().is_none() {
                return Err(ErrorResponse::bad_request(format!("project '{name}' is not deleted")));
            }
            project.updated = Utc::now();
            state.put_project(project);
            Ok(())
        };
        self.state.commit(restore).await?;
        Ok(Work::new(ResourceKind::Project, name, async move {
            let _held = held;
            failpoint::reached("undelete-project.row");
            let published = self.computes.publish_all().await;
            published.map_err(|error| ErrorResponse::internal(with_sources(&error)))?;
            Ok(empty())
        }))
    }

    /// Locks a project; changes of roles and databases that are under way in it are aborted.
    async fn hold_for_deletion(&self, name: &ProjectName) -> Result<Held, ErrorResponse> {
        let state = self.state.snapshot();
        deletion::check_project(&state, state.project_or_tombstone(name)?)?;
        let branches = state.branches_of(name.id());
        let _deleting: Vec<_> = branches.map(|branch| self.locks.announce_delete(&branch.name())).collect();
        self.locks.hold(Wanted::by("the deletion of the project").exclusive(name)).await
    }
}
