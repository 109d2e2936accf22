//! `update_mask`: the fields of each resource that an update may name, and which of them the body must hold.

use crate::local::control::error_response::ErrorResponse;

/// The fields of one resource that an update sets, each as a whole.
pub(in crate::local::control) trait MaskField: Copy + Eq + 'static {
    const ALL: &'static [Self];
    /// Messages, with the fields that all become required when the message is named.
    const MESSAGES: &'static [(&'static str, &'static [Self])] = &[];
    /// Paths that are accepted without effect.
    const TOLERATED: &'static [&'static str] = &[];

    fn path(self) -> &'static str;
}

/// A field to be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::local::control) struct Selected<F> {
    pub(in crate::local::control) field: F,
    /// Whether its absence in the body is an error.
    pub(in crate::local::control) required: bool,
}

/// Declares the enum of a resource's fields, so that a new field does not compile until it is set somewhere.
macro_rules! mask_fields {
    ($(#[$doc:meta])* $name:ident { $($field:ident = $path:literal,)+ } $($constants:tt)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::local::control) enum $name {
            $($field,)+
        }

        impl MaskField for $name {
            const ALL: &'static [Self] = &[$(Self::$field,)+];
            $($constants)*

            fn path(self) -> &'static str {
                match self {
                    $(Self::$field => $path,)+
                }
            }
        }
    };
}

mask_fields! {
    /// Fields of a project.
    ProjectField {
        DisplayName = "spec.display_name",
        HistoryRetention = "spec.history_retention_duration",
        DefaultBranch = "spec.default_branch",
        NativeLogin = "spec.enable_pg_native_login",
        BudgetPolicy = "spec.budget_policy_id",
        CustomTags = "spec.custom_tags",
        MinCu = "spec.default_endpoint_settings.autoscaling_limit_min_cu",
        MaxCu = "spec.default_endpoint_settings.autoscaling_limit_max_cu",
        Suspension = "spec.default_endpoint_settings.suspension",
        PgSettings = "spec.default_endpoint_settings.pg_settings",
    }
    const MESSAGES: &'static [(&'static str, &'static [Self])] =
        &[("spec.default_endpoint_settings", &[Self::MinCu, Self::MaxCu, Self::Suspension])];
    const TOLERATED: &'static [&'static str] = &["initial_branch_spec", "initial_endpoint_spec"];
}

mask_fields! {
    /// Fields of a branch.
    BranchField {
        Protected = "spec.is_protected",
        Expiration = "spec.expiration",
    }
}

mask_fields! {
    /// Fields of an endpoint.
    EndpointField {
        MinCu = "spec.autoscaling_limit_min_cu",
        MaxCu = "spec.autoscaling_limit_max_cu",
        Suspension = "spec.suspension",
        Disabled = "spec.disabled",
        GroupMin = "spec.group.min",
        GroupMax = "spec.group.max",
        ReadableSecondaries = "spec.group.enable_readable_secondaries",
        PgSettings = "spec.settings.pg_settings",
    }
    const MESSAGES: &'static [(&'static str, &'static [Self])] = &[
        ("spec.group", &[Self::GroupMin, Self::GroupMax, Self::ReadableSecondaries]),
        ("spec.settings", &[Self::PgSettings]),
    ];
}

mask_fields! {
    /// Fields of a role.
    RoleField {
        BypassRls = "spec.attributes.bypassrls",
        CreateDb = "spec.attributes.createdb",
        CreateRole = "spec.attributes.createrole",
        Memberships = "spec.membership_roles",
    }
    const MESSAGES: &'static [(&'static str, &'static [Self])] =
        &[("spec.attributes", &[Self::BypassRls, Self::CreateDb, Self::CreateRole])];
}

mask_fields! {
    /// Fields of a database.
    DatabaseField {
        PostgresDatabase = "spec.postgres_database",
        Role = "spec.role",
    }
}

/// The fields that a mask names. An unknown path is refused before anything else is checked.
pub(in crate::local::control) fn parse<F: MaskField>(mask: &str) -> Result<Vec<Selected<F>>, ErrorResponse> {
    if mask.is_empty() {
        return Err(ErrorResponse::required("update_mask"));
    }
    let mut fields = Vec::new();
    for path in mask.split(',').map(str::trim) {
        fields.extend(fields_of(path)?);
    }
    Ok(fields)
}

/// All fields, none of them required: the mask of a whole spec.
pub(in crate::local::control) fn all<F: MaskField>() -> Vec<Selected<F>> {
    F::ALL.iter().map(|field| Selected { field: *field, required: false }).collect()
}

fn fields_of<F: MaskField>(path: &str) -> Result<Vec<Selected<F>>, ErrorResponse> {
    if let Some(field) = F::ALL.iter().find(|field| field.path() == path) {
        return Ok(vec![Selected { field: *field, required: true }]);
    }
    if let Some((message, required)) = F::MESSAGES.iter().find(|(message, _)| *message == path) {
        let is_below =
            |field: &&F| field.path().strip_prefix(message).is_some_and(|rest| rest.starts_with('.'));
        let below = F::ALL.iter().filter(is_below);
        return Ok(below
            .map(|field| Selected { field: *field, required: required.contains(field) })
            .collect());
    }
    match path {
        "spec" => Ok(all()),
        "*" => Ok(F::ALL.iter().map(|field| Selected { field: *field, required: true }).collect()),
        _ if F::TOLERATED.contains(&path) => Ok(Vec::new()),
        _ => Err(ErrorResponse::invalid(format!("Unknown field path in update_mask: '{path}'"))),
    }
}

/// Sets each field of a mask with `set`, which returns whether the body holds a value for it.
pub(in crate::local::control) fn apply<F: MaskField>(
    fields: &[Selected<F>],
    mut set: impl FnMut(F) -> Result<bool, ErrorResponse>,
) -> Result<(), ErrorResponse> {
    for Selected { field, required } in fields {
        if !set(*field)? && *required {
            return Err(ErrorResponse::invalid(format!(
                "Field '{}' is in update_mask but not provided in request",
                field.path()
            )));
        }
    }
    Ok(())
}

/// Sets the target if there is a value, and returns whether there was one.
pub(in crate::local::control) fn set<T: Clone>(target: &mut T, value: Option<&T>) -> bool {
    if let Some(value) = value {
        target.clone_from(value);
    }
    value.is_some()
}
