//! Conditions for deleting, protecting and expiring a branch or project.

use crate::{
    api::name::BranchName,
    local::control::{
        error_response::ErrorResponse,
        state::{Branch, Project, State},
    },
};

/// The guards of a branch, in the order in which the service speaks of them.
pub(in crate::local::control) fn check_branch(
    state: &State,
    project: &Project,
    branch: &Branch,
) -> Result<(), ErrorResponse> {
    let name = branch.name();
    if branch.origin.is_none() {
        return Err(ErrorResponse::bad_request(format!(
            "Cannot delete root branch '{name}'. Root branches cannot be deleted independently."
        ))
        .managed_by_parent());
    }
    if branch.protected {
        return Err(ErrorResponse::bad_request("cannot delete protected branch"));
    }
    if project.default_branch == branch.id {
        return Err(ErrorResponse::bad_request(format!(
            "Cannot delete default branch '{name}'. Make another branch the default first (spec.default_branch of the project)."
        )));
    }
    if state.has_children(branch) {
        return Err(ErrorResponse::bad_request(format!(
            "Cannot delete branch '{name}' because it has child branches. Delete them first."
        )));
    }
    Ok(())
}

/// A project goes with everything in it, unless one of its branches is protected.
pub(in crate::local::control) fn check_project(
    state: &State,
    project: &Project,
) -> Result<(), ErrorResponse> {
    match state.branches_of(&project.id).find(|branch| branch.protected) {
        None => Ok(()),
        Some(branch) => Err(ErrorResponse::bad_request(format!(
            "Cannot delete project '{}' because branch '{}' is protected. Remove the protection first.",
            project.name(),
            branch.name()
        ))),
    }
}

/// A project has one protected branch at most.
pub(in crate::local::control) fn check_may_be_protected(
    state: &State,
    branch: &BranchName,
) -> Result<(), ErrorResponse> {
    let mut others = state.branches_of(branch.project().id()).filter(|other| other.id != *branch.id());
    match others.find(|other| other.protected) {
        None => Ok(()),
        Some(other) => Err(ErrorResponse::bad_request(format!(
            "A project can have at most one protected branch, and '{}' is it. Remove its protection first.",
            other.name()
        ))),
    }
}

/// Refuses an expiry for a branch that could not be deleted.
pub(in crate::local::control) fn check_may_expire(
    state: &State,
    project: &Project,
    branch: &Branch,
) -> Result<(), ErrorResponse> {
    let refuse =
        |why: &str| Err(ErrorResponse::bad_request(format!("{why} branches cannot have an expiration date")));
    if branch.origin.is_none() {
        return refuse("Root");
    }
    if branch.protected {
        return refuse("Protected");
    }
    if project.default_branch == branch.id {
        return refuse("Default");
    }
    if state.has_children(branch) {
        return Err(ErrorResponse::bad_request(
            "Branches with child branches cannot have an expiration date",
        ));
    }
    Ok(())
}
