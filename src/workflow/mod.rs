//! Commands composed of API calls: ephemeral branches, comparison, the branch tree, console links, branch names.

pub(crate) mod branch_naming;
#[cfg(feature = "schema")]
pub(crate) mod compare;
#[cfg(feature = "data")]
pub(crate) mod data;
pub(crate) mod ephemeral;
pub(crate) mod links;
#[cfg(feature = "schema")]
pub(crate) mod restore;
pub(crate) mod tree;
