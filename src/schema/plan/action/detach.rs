//! Objects that are detached from what they depend on while it is replaced, so that they need not be replaced too.

use super::dependence::{Dependence, dependence};
use super::{Action, Planner};
use crate::schema::ddl;
use crate::schema::model::{Attr, Kind, Object};
use crate::schema::statement::Statement;

/// Detaches the tables of altered composite types, as they would change with the type, whatever their columns say.
pub(super) fn detach_typed_tables(planner: &mut Planner<'_>) {
    let is_altered = |planner: &Planner<'_>, at: usize| {
        planner.items[at].action == Action::Alter
            && planner.old_object(at).is_some_and(|old| old.key.kind == Kind::Composite)
    };
    for at in planner.touched().into_iter().filter(|at| is_altered(planner, *at)).collect::<Vec<_>>() {
        let Some(old) = planner.items[at].old else { continue };
        for dependent in planner.old_dependents.of(old).to_vec() {
            let dependent = planner.of_old[dependent as usize] as usize;
            if let Some(on) = dependence(planner, at, dependent).filter(is_typed) {
                detach_from_type(planner, &on);
            }
        }
    }
}

/// Whether an object is the base type or the collation of a domain.
pub(super) fn is_base(domain: &Object<'_>, needed: &Object<'_>) -> bool {
    let names = [Some(needed.key.name), needed.get(Attr::Multirange)];
    let base = domain.text(Attr::Type).trim_end_matches("[]");
    names.contains(&Some(base)) || domain.get(Attr::Collation) == Some(needed.key.name)
}

/// Whether a domain depends on an object through its default alone.
pub(super) fn is_needed_by_default(on: &Dependence<'_>) -> bool {
    on.old.key.kind == Kind::Domain
        && on.old.has(Attr::Default)
        && ![&on.old, &on.new].iter().any(|domain| is_base(domain, &on.needed_object))
}

/// Makes a typed table a plain one until its type has changed.
pub(super) fn detach_from_type(planner: &mut Planner<'_>, on: &Dependence<'_>) {
    if !ddl::follows_type(&planner.ctx, &on.old, &on.new) {
        return planner.refuse(&on.new, ddl::ORDER_OF_TYPE);
    }
    let name = on.new.key.name;
    let item = &mut planner.items[on.dependent];
    item.detach = vec![Statement::new(format!("ALTER TABLE {name} NOT OF")).exclusive(name)];
    item.action = Action::Alter;
}

/// Drops the default of a domain until the object that it needs is there again, so that the domain itself can stay.
pub(super) fn detach_default(planner: &mut Planner<'_>, on: &Dependence<'_>) {
    let item = &mut planner.items[on.dependent];
    if !item.detach.is_empty() {
        return;
    }
    let alter = format!("ALTER DOMAIN {}", on.new.key.name);
    item.detach = vec![Statement::new(format!("{alter} DROP DEFAULT"))];
    if let Some(default) = on.new.get(Attr::Default) {
        let restore = Statement::new(format!("{alter} SET DEFAULT {default}"));
        if !item.alter.contains(&restore) {
            item.alter.push(restore);
        }
    }
    item.action = Action::Alter;
}

/// Whether a table has a composite type, before and after.
pub(super) fn is_typed(on: &Dependence<'_>) -> bool {
    let of = Some(on.needed_object.key.name);
    on.needed_object.key.kind == Kind::Composite
        && [&on.old, &on.new].iter().all(|table| table.get(Attr::OfType) == of)
}
