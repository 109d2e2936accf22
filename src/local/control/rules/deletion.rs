//! What may not be deleted, and why; and which branch may be kept from it.

use crate::local::control::{
    rejection::Rejection,
    state::{Branch, BranchIds, Project, State},
};

/// The guards of a branch, in the order in which the service speaks of them.
pub(in crate::local::control) fn check_branch(
    state: &State,
    project: &Project,
    branch: &Branch,
) -> Result<(), Rejection> {
    let name = branch.name();
    if branch.origin.is_none() {
        return Err(Rejection::bad_request(format!(
            "Cannot delete root branch '{name}'. Root branches cannot be deleted independently."
        ))
        .managed_by_parent());
    }
    if branch.protected {
        return Err(Rejection::bad_request("cannot delete protected branch"));
    }
    if project.default_branch == branch.id {
        return Err(Rejection::bad_request(format!(
            "Cannot delete default branch '{name}'. Make another branch the default first (spec.default_branch of the project)."
        )));
    }
    if state.has_children(branch) {
        return Err(Rejection::bad_request(format!(
            "Cannot delete branch '{name}' because it has child branches. Delete them first."
        )));
    }
    Ok(())
}

/// A project goes with everything in it, unless one of its branches is protected.
pub(in crate::local::control) fn check_project(state: &State, project: &Project) -> Result<(), Rejection> {
    match state.branches_of(&project.id).find(|branch| branch.protected) {
        None => Ok(()),
        Some(branch) => Err(Rejection::bad_request(format!(
            "Cannot delete project '{}' because branch '{}' is protected. Remove the protection first.",
            project.name(),
            branch.name()
        ))),
    }
}

/// A project has one protected branch at most.
pub(in crate::local::control) fn check_may_be_protected(
    state: &State,
    branch: &BranchIds,
) -> Result<(), Rejection> {
    match state.branches_of(&branch.0).find(|other| other.protected && other.id != branch.1) {
        None => Ok(()),
        Some(other) => Err(Rejection::bad_request(format!(
            "A project can have at most one protected branch, and '{}' is it. Remove its protection first.",
            other.name()
        ))),
    }
}

/// Whether a branch may end on its own: what cannot be deleted cannot expire.
pub(in crate::local::control) fn check_may_expire(
    state: &State,
    project: &Project,
    branch: &Branch,
) -> Result<(), Rejection> {
    let refuse =
        |why: &str| Err(Rejection::bad_request(format!("{why} branches cannot have an expiration date")));
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
        return Err(Rejection::bad_request("Branches with child branches cannot have an expiration date"));
    }
    Ok(())
}
