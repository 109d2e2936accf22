//! `update_mask`: which paths a resource knows, and what a path demands of the body.

use crate::local::control::rejection::Rejection;

/// The paths of one resource that an update may name.
pub(in crate::local::control) struct Paths {
    /// Fields that are set as a whole.
    pub(in crate::local::control) leaves: &'static [&'static str],
    /// Messages, with the leaves that all become required when the message is named.
    pub(in crate::local::control) messages: &'static [(&'static str, &'static [&'static str])],
    /// Named without effect.
    pub(in crate::local::control) tolerated: &'static [&'static str],
}

/// A field to be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::local::control) struct Leaf {
    pub(in crate::local::control) path: &'static str,
    /// Whether its absence in the body is an error.
    pub(in crate::local::control) required: bool,
}

pub(in crate::local::control) const PROJECT: Paths = Paths {
    leaves: &[
        "spec.display_name",
        "spec.history_retention_duration",
        "spec.default_branch",
        "spec.enable_pg_native_login",
        "spec.budget_policy_id",
        "spec.custom_tags",
        "spec.default_endpoint_settings.autoscaling_limit_min_cu",
        "spec.default_endpoint_settings.autoscaling_limit_max_cu",
        "spec.default_endpoint_settings.suspension",
        "spec.default_endpoint_settings.pg_settings",
    ],
    messages: &[(
        "spec.default_endpoint_settings",
        &[
            "spec.default_endpoint_settings.autoscaling_limit_min_cu",
            "spec.default_endpoint_settings.autoscaling_limit_max_cu",
            "spec.default_endpoint_settings.suspension",
        ],
    )],
    tolerated: &["initial_branch_spec", "initial_endpoint_spec"],
};

pub(in crate::local::control) const BRANCH: Paths =
    Paths { leaves: &["spec.is_protected", "spec.expiration"], messages: &[], tolerated: &[] };

pub(in crate::local::control) const ENDPOINT: Paths = Paths {
    leaves: &[
        "spec.autoscaling_limit_min_cu",
        "spec.autoscaling_limit_max_cu",
        "spec.suspension",
        "spec.disabled",
        "spec.group.min",
        "spec.group.max",
        "spec.group.enable_readable_secondaries",
        "spec.settings.pg_settings",
    ],
    messages: &[
        ("spec.group", &["spec.group.min", "spec.group.max", "spec.group.enable_readable_secondaries"]),
        ("spec.settings", &["spec.settings.pg_settings"]),
    ],
    tolerated: &[],
};

pub(in crate::local::control) const ROLE: Paths = Paths {
    leaves: &[
        "spec.attributes.bypassrls",
        "spec.attributes.createdb",
        "spec.attributes.createrole",
        "spec.membership_roles",
    ],
    messages: &[(
        "spec.attributes",
        &["spec.attributes.bypassrls", "spec.attributes.createdb", "spec.attributes.createrole"],
    )],
    tolerated: &[],
};

pub(in crate::local::control) const DATABASE: Paths =
    Paths { leaves: &["spec.postgres_database", "spec.role"], messages: &[], tolerated: &[] };

impl Paths {
    /// What a mask asks to be set. Unknown paths are refused before anything else is looked at.
    pub(in crate::local::control) fn resolve(&self, mask: &str) -> Result<Vec<Leaf>, Rejection> {
        if mask.is_empty() {
            return Err(Rejection::required("update_mask"));
        }
        let mut leaves = Vec::new();
        for path in mask.split(',').map(str::trim) {
            leaves.extend(self.leaves_of(path)?);
        }
        Ok(leaves)
    }

    fn leaves_of(&self, path: &str) -> Result<Vec<Leaf>, Rejection> {
        let all = |required| self.leaves.iter().map(|path| Leaf { path, required }).collect();
        if let Some(path) = self.leaves.iter().find(|leaf| **leaf == path) {
            return Ok(vec![Leaf { path, required: true }]);
        }
        if let Some((message, required)) = self.messages.iter().find(|(message, _)| *message == path) {
            let below = self.leaves.iter().filter(|leaf| {
                leaf.strip_prefix(message).is_some_and(|rest| rest.starts_with('.'))
            });
            return Ok(below.map(|path| Leaf { path, required: required.contains(path) }).collect());
        }
        match path {
            "spec" => Ok(all(false)),
            "*" => Ok(all(true)),
            _ if self.tolerated.contains(&path) => Ok(Vec::new()),
            _ => Err(Rejection::invalid(format!("Unknown field path in update_mask: '{path}'"))),
        }
    }
}

/// Sets each leaf of a mask with `set`, which says whether the body holds a value for it.
pub(in crate::local::control) fn apply(
    leaves: &[Leaf],
    mut set: impl FnMut(&'static str) -> Result<bool, Rejection>,
) -> Result<(), Rejection> {
    for leaf in leaves {
        if !set(leaf.path)? && leaf.required {
            return Err(Rejection::invalid(format!(
                "Field '{}' is in update_mask but not provided in request",
                leaf.path
            )));
        }
    }
    Ok(())
}

/// Takes a value over where there is one, and says whether there was.
pub(in crate::local::control) fn set<T: Clone>(target: &mut T, value: Option<&T>) -> bool {
    if let Some(value) = value {
        target.clone_from(value);
    }
    value.is_some()
}
