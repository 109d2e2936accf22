//! Verbs composed of other verbs: ephemeral branches, the branch tree, links, branch names, comparison.

pub(crate) mod branch_naming;
#[cfg(feature = "schema")]
pub(crate) mod compare;
pub(crate) mod ephemeral;
pub(crate) mod links;
pub(crate) mod tree;
