//! Refuses what the old side's server does not support.

use super::{Action, Planner};
use crate::schema::ddl;
use crate::schema::model::{Attr, Kind, Object};
use crate::sql::{has_keywords, split_list};

/// Refuses what the old side's server does not support and, with `strict`, whatever is not compared in detail.
pub(super) fn check(planner: &mut Planner<'_>, strict: bool) {
    let concerned = if strict { (0..planner.items.len()).collect() } else { planner.touched() };
    for at in concerned {
        let changed = planner.items[at].action != Action::Keep;
        let Some(object) = planner.new_object(at).or(planner.old_object(at)) else { continue };
        if object.key.kind == Kind::Uncompared && (strict || changed) {
            let reason = "objects of its kind are not compared in detail, so nothing can be planned for it";
            planner.refuse(&object, reason);
        }
        let Some(new) = planner.new_object(at).filter(|_| changed) else { continue };
        check_roles(planner, &new);
        check_version(planner, &new);
        if new.key.kind == Kind::Index && new.has(Attr::Invalid) && planner.items[at].action == Action::Create
        {
            planner.refuse(&new, ddl::INVALID_INDEX);
        }
        if new.key.kind == Kind::Extension && planner.items[at].creates() {
            check_extension(planner, &new);
        }
    }
}

fn check_roles(planner: &mut Planner<'_>, new: &Object<'_>) {
    let mut named: Vec<&str> = match new.key.kind {
        Kind::Policy => split_list(new.text(Attr::Roles)),
        Kind::Owner => new.get(Attr::Role).into_iter().collect(),
        Kind::Privilege => {
            new.get(Attr::PrivilegeGrantee).filter(|role| *role != "OWNER").into_iter().collect()
        }
        Kind::DefaultPrivileges => new.get(Attr::Grantee).into_iter().chain(new.get(Attr::Role)).collect(),
        _ => Vec::new(),
    };
    named.extend(new.get(Attr::Grantor));
    for role in named.into_iter().filter(|role| *role != "PUBLIC") {
        if !planner.ctx.old.origin.roles.contains(role) {
            planner.refuse(new, format!("role {role} does not exist on the old side's server"));
        }
    }
}

fn check_version(planner: &mut Planner<'_>, new: &Object<'_>) {
    let definition = new.text(Attr::Definition);
    let (since, feature) = match new.key.kind {
        Kind::Column if new.has(Attr::GeneratedVirtual) => (180_000, "virtual generated columns"),
        Kind::Collation if new.get(Attr::Provider) == Some("builtin") => {
            (170_000, "the builtin collation provider")
        }
        Kind::Constraint if has_keywords(definition, "NOT ENFORCED") => {
            (180_000, "constraints that are not enforced")
        }
        Kind::Constraint if has_keywords(definition, "WITHOUT OVERLAPS") => (180_000, "temporal constraints"),
        _ => return,
    };
    if planner.ctx.old.server_version() < since {
        planner.refuse(new, format!("the old side's server does not know {feature}"));
    }
}

fn check_extension(planner: &mut Planner<'_>, new: &Object<'_>) {
    let version = new.text(Attr::Version);
    if !planner.ctx.old.origin.available_extensions.contains(&format!("{} {version}", new.key.name)) {
        planner.refuse(new, format!("version {version} is not available on the old side's server"));
    }
}
