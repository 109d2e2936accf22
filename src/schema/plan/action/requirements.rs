//! Refuses what the old side's server does not support.

use super::{Action, Planner};
use crate::schema::ddl;
use crate::schema::model::{Attr, Kind};

/// Refuses what cannot work on the old side's server.
pub(super) fn check(planner: &mut Planner<'_>, strict: bool) {
    let version = planner.ctx.old.server_version();
    let concerned = if strict { (0..planner.items.len()).collect() } else { planner.touched() };
    for at in concerned {
        let item = &planner.items[at];
        let object = planner.new_object(at).or(planner.old_object(at));
        let Some(object) = object else { continue };
        if object.key.kind == Kind::Uncompared && (strict || item.action != Action::Keep) {
            planner.refuse(
                &object,
                "objects of its kind are not compared in detail, so nothing can be planned for it",
            );
        }
        let Some(new) = planner.new_object(at).filter(|_| planner.items[at].action != Action::Keep) else {
            continue;
        };
        let role = match new.key.kind {
            Kind::Owner => new.get(Attr::Role),
            Kind::Privilege => new.get(Attr::PrivilegeGrantee).filter(|g| !matches!(*g, "OWNER" | "PUBLIC")),
            Kind::DefaultPrivileges => new.get(Attr::Grantee).filter(|g| *g != "PUBLIC"),
            _ => None,
        };
        let role = role.into_iter().chain(new.get(Attr::Grantor));
        let roles: Vec<&str> = match new.key.kind {
            Kind::Policy => new.text(Attr::Roles).split(", ").filter(|r| *r != "PUBLIC").collect(),
            Kind::DefaultPrivileges => role.chain(new.get(Attr::Role)).collect(),
            _ => role.collect(),
        };
        for role in roles.into_iter().filter(|r| !planner.ctx.old.origin.roles.contains(*r)) {
            planner.refuse(&new, format!("role {role} does not exist on the old side's server"));
        }
        let too_new = match new.key.kind {
            Kind::Column if new.has(Attr::GeneratedVirtual) => (180_000, "virtual generated columns"),
            Kind::Collation if new.get(Attr::Provider) == Some("builtin") => {
                (170_000, "the builtin collation provider")
            }
            Kind::Constraint if new.text(Attr::Definition).contains("NOT ENFORCED") => {
                (180_000, "constraints that are not enforced")
            }
            Kind::Constraint if new.text(Attr::Definition).contains("WITHOUT OVERLAPS") => {
                (180_000, "temporal constraints")
            }
            _ => (0, ""),
        };
        if version < too_new.0 {
            planner.refuse(&new, format!("the old side's server does not know {}", too_new.1));
        }
        if new.key.kind == Kind::Index && new.has(Attr::Invalid) && planner.items[at].action == Action::Create
        {
            planner.refuse(&new, ddl::INVALID_INDEX);
        }
        if new.key.kind == Kind::Extension && planner.items[at].creates() {
            let wanted = format!("{} {}", new.key.name, new.text(Attr::Version));
            if !planner.ctx.old.origin.available_extensions.contains(&wanted) {
                planner.refuse(
                    &new,
                    format!("version {} is not available on the old side's server", new.text(Attr::Version)),
                );
            }
        }
    }
}
