//! Propagates drops, replacements and changes of type to the dependents of an object.

use std::collections::{BTreeSet, HashMap};

use super::assign::{replace, replace_domains};
use super::containers::is_detached;
use super::dependence::{Dependence, dependence};
use super::detach::{
    detach_default, detach_from_type, detach_typed_tables, is_base, is_needed_by_default, is_typed,
};
use super::{Action, Planner, recreate};
use crate::schema::ddl;
use crate::schema::hazard::HazardKind;
use crate::schema::model::{Attr, Composite, ConstraintKind, Kind, Object};
use crate::schema::statement::Statement;
use crate::sql::has_keywords;

pub(super) fn propagate(planner: &mut Planner<'_>) {
    detach_typed_tables(planner);
    let mut queue: Vec<usize> =
        (0..planner.items.len()).filter(|at| spreads(planner, *at) != (false, false)).collect();
    let mut seen = HashMap::new();
    loop {
        spread(planner, queue, &mut seen);
        queue = replace_domains(planner);
        if queue.is_empty() {
            break;
        }
    }
    recreate::keep_types(planner);
    move_component_types(planner);
}

/// Whether an object's dependents are affected by its drop, and by its change of type.
fn spreads(planner: &Planner<'_>, at: usize) -> (bool, bool) {
    (planner.items[at].drops(), planner.items[at].retyped)
}

fn spread(planner: &mut Planner<'_>, mut queue: Vec<usize>, seen: &mut HashMap<usize, (bool, bool)>) {
    while let Some(at) = queue.pop() {
        let state = spreads(planner, at);
        if seen.insert(at, state) == Some(state) {
            continue;
        }
        let Some(old) = planner.items[at].old else { continue };
        for dependent in planner.old_dependents.of(old).to_vec() {
            let dependent = planner.of_old[dependent as usize] as usize;
            queue.extend(cascade_to_partition_index(planner, at, dependent));
            let before = spreads(planner, dependent);
            affect(planner, at, dependent);
            if before != spreads(planner, dependent) {
                queue.push(dependent);
            }
        }
        // A composite type that a column uses cannot be altered and is replaced instead.
        if state != spreads(planner, at) {
            queue.push(at);
        }
    }
}

/// A type that is renamed until its columns use the new version still depends on the types it consists of, and a range
/// type on its functions. Refuses where it depends on an object that cannot be renamed.
fn move_component_types(planner: &mut Planner<'_>) {
    let mut queue: Vec<usize> =
        (0..planner.items.len()).filter(|at| planner.items[*at].renamed_away).collect();
    while let Some(at) = queue.pop() {
        let Some(old) = planner.old_object(at).filter(|old| is_type(old.key.kind)) else { continue };
        for need in old.needs {
            let need = planner.of_old[*need as usize] as usize;
            let Some(needed) = planner.old_object(need) else { continue };
            if !planner.items[need].drops() || planner.items[need].renamed_away {
                continue;
            }
            match needed.key.kind {
                kind if is_type(kind) => {}
                Kind::Function if old.key.kind == Kind::Range => {}
                // A default is dropped from the renamed domain.
                _ if old.key.kind == Kind::Domain && !is_base(&old, &needed) => continue,
                _ => {
                    let key = needed.key;
                    let reason = format!("it needs {key}, which would have to be dropped and made anew");
                    planner.refuse(&old, reason);
                    continue;
                }
            }
            planner.items[need].renamed_away = true;
            queue.push(need);
        }
    }
}

fn is_type(kind: Kind) -> bool {
    matches!(kind, Kind::Enum | Kind::Domain | Kind::Range | Kind::Composite | Kind::Collation)
}

/// Replaces the index of a partition that is dropped with the partitioned index it is attached to.
fn cascade_to_partition_index(planner: &mut Planner<'_>, at: usize, attach: usize) -> Option<usize> {
    let attach = planner.old_object(attach).filter(|f| f.key.kind == Kind::IndexAttach)?;
    let dropped = planner.old_object(at).filter(|_| planner.items[at].drops())?;
    if Some(dropped.key) == attach.parent || !matches!(dropped.key.kind, Kind::Index | Kind::Constraint) {
        return None;
    }
    let child = planner.of_old[attach.parent.and_then(|p| planner.ctx.old.find(p))?] as usize;
    let stays = planner.old_object(child).is_some_and(|index| is_detached(planner, &index));
    if stays || planner.items[child].drops() {
        return None;
    }
    replace(planner, child);
    Some(child)
}

fn affect(planner: &mut Planner<'_>, needed: usize, dependent: usize) {
    let Some(dependence) = dependence(planner, needed, dependent) else { return };
    if planner.items[needed].drops() {
        affect_by_drop(planner, &dependence);
    } else {
        affect_by_retype(planner, &dependence);
    }
}

fn affect_by_retype(planner: &mut Planner<'_>, on: &Dependence<'_>) {
    match (on.needed_object.key.kind, on.new.key.kind) {
        (Kind::Trigger, Kind::Trigger) => replace(planner, on.dependent),
        (Kind::Column, Kind::Statistics) => keep_target(planner, on.dependent, &on.new),
        (Kind::Column, Kind::Column) if on.old.is_generated() => replace(planner, on.dependent),
        (
            Kind::Column,
            Kind::View
            | Kind::MaterializedView
            | Kind::Rule
            | Kind::Policy
            | Kind::Trigger
            | Kind::Default
            | Kind::Function
            | Kind::PublicationTable,
        )
        | (Kind::Composite, Kind::View | Kind::MaterializedView | Kind::Rule) => {
            replace(planner, on.dependent);
        }
        (Kind::Column, Kind::Constraint)
            if on.new.constraint_kind() == Some(ConstraintKind::ForeignKey)
                && (!stays_comparable(planner, on.needed)
                    || has_keywords(on.old.text(Attr::Definition), "PERIOD")) =>
        {
            replace(planner, on.dependent);
        }
        (Kind::Composite, Kind::Table) if is_typed(on) => detach_from_type(planner, on),
        (Kind::Composite, Kind::Column) if on.old.is_generated() => replace(planner, on.dependent),
        // PostgreSQL cannot change an attribute's type while a column uses it.
        (Kind::Composite, Kind::Column) => replace(planner, on.needed),
        (Kind::Composite, Kind::Composite | Kind::Domain | Kind::Range)
            if is_stored(planner, on.dependent) =>
        {
            replace(planner, on.needed);
        }
        _ => {}
    }
}

fn affect_by_drop(planner: &mut Planner<'_>, on: &Dependence<'_>) {
    let needed = on.needed_object.key.kind;
    let gone = planner.items[on.needed].action == Action::Drop && !is_succeeded(planner, &on.needed_object);
    let action = planner.items[on.dependent].action;
    match on.new.key.kind {
        _ if gone && action == Action::Alter => {}
        // Its expression depends on the old type too, and its values are recomputed in any case.
        Kind::Column if on.old.is_generated() => {
            planner.items[on.needed].renamed_away |= is_type(needed) && needed != Kind::Composite;
            replace(planner, on.dependent);
        }
        Kind::Column if is_movable(planner, on) && (!gone || action == Action::Keep) => {
            move_column(planner, on);
        }
        Kind::Domain if is_needed_by_default(on) => detach_default(planner, on),
        Kind::Table if is_typed(on) => detach_from_type(planner, on),
        Kind::Column if needed == Kind::Table && on.old.parent == Some(on.needed_object.key) => {
            replace(planner, on.dependent);
        }
        Kind::Table if on.old.has(Attr::Foreign) && on.new.has(Attr::Foreign) => {
            replace(planner, on.dependent);
        }
        Kind::Column | Kind::Table | Kind::Schema | Kind::Extension => {
            let key = on.needed_object.key;
            planner.refuse(&on.new, format!("it needs {key}, which would have to be dropped and made anew"));
        }
        _ => replace(planner, on.dependent),
    }
}

/// Whether an object of another kind takes the name of a dropped type or relation.
fn is_succeeded(planner: &Planner<'_>, old: &Object<'_>) -> bool {
    const TYPES: [Kind; 7] = [
        Kind::Enum,
        Kind::Domain,
        Kind::Range,
        Kind::Composite,
        Kind::Table,
        Kind::View,
        Kind::MaterializedView,
    ];
    TYPES.contains(&old.key.kind)
        && TYPES.iter().any(|kind| planner.ctx.new.object(*kind, old.key.name).is_some())
}

/// Whether the values of a column can be converted from the old version of its type to the new one: those of composite
/// types where the attributes have the same names and order.
fn is_movable(planner: &Planner<'_>, on: &Dependence<'_>) -> bool {
    match on.needed_object.key.kind {
        Kind::Enum | Kind::Domain | Kind::Range | Kind::Collation => true,
        Kind::Composite => planner.new_object(on.needed).is_some_and(|new| {
            let names = |object: &Object<'_>| {
                let attributes = Composite::new(object).attributes().into_iter();
                attributes.map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
            };
            names(&on.needed_object) == names(&new)
        }),
        _ => false,
    }
}

/// Whether columns use a type, directly or through other types.
fn is_stored(planner: &Planner<'_>, of: usize) -> bool {
    let Some(of) = planner.items[of].old else { return false };
    let objects = &planner.ctx.old.objects;
    let mut queue = vec![of];
    let mut seen: BTreeSet<usize> = queue.iter().copied().collect();
    while let Some(of) = queue.pop() {
        for dependent in planner.old_dependents.of(of).iter().map(|at| *at as usize) {
            match objects.kind(dependent) {
                Kind::Column => return true,
                kind if is_type(kind) && seen.insert(dependent) => queue.push(dependent),
                _ => {}
            }
        }
    }
    false
}

/// Restores the target of statistics over a retyped column, which PostgreSQL recreates with the default target.
fn keep_target(planner: &mut Planner<'_>, statistics: usize, new: &Object) {
    let kept = planner.items[statistics].action == Action::Keep;
    let Some(target) = new.get(Attr::Target).filter(|_| kept) else { return };
    let sql = format!("ALTER STATISTICS {} SET STATISTICS {target}", new.key.name);
    planner.items[statistics].action = Action::Alter;
    planner.items[statistics].alter = vec![Statement::new(sql)];
}

/// Whether the two ends of a foreign key can be compared while only one has its new type.
fn stays_comparable(planner: &Planner<'_>, column: usize) -> bool {
    let (Some(old), Some(new)) = (planner.old_object(column), planner.new_object(column)) else {
        return true;
    };
    let family = |of: &str| match of {
        "smallint" | "integer" | "bigint" => "integer",
        t if t == "text" || t.starts_with("character varying") => "text",
        _ => "",
    };
    let (one, other) = (old.text(Attr::Type), new.text(Attr::Type));
    // Since 18 both ends of a key must have the same collation, unless both collations are deterministic.
    let collated =
        planner.ctx.old.server_version() >= 180_000 && old.get(Attr::Collation) != new.get(Attr::Collation);
    !collated && family(one) == family(other) && !family(one).is_empty()
}

/// Moves a column from the old version of its type to the new one of the same name.
fn move_column(planner: &mut Planner<'_>, on: &Dependence<'_>) {
    let new = &on.new;
    planner.items[on.needed].renamed_away = true;
    if ddl::is_partition_key(&planner.ctx, new) {
        return planner.refuse(new, "PostgreSQL cannot change the type of a column in a partition key");
    }
    if planner.items[on.dependent].retyped {
        return;
    }
    if !new.has(Attr::HasParent) {
        let mut statement = ddl::retype(&planner.ctx, &on.old, new);
        let foreign = |table: Object<'_>| table.has(Attr::Foreign);
        let foreign = planner.ctx.old.object(Kind::Table, ddl::parent(new)).is_some_and(foreign);
        let converted = on.needed_object.key.kind != Kind::Collation && !foreign;
        if let Some(below) = planner.ctx.old_children.foreign_below(ddl::parent(new)).filter(|_| converted) {
            let reason =
                format!("PostgreSQL cannot convert the values of a table above foreign {}", below.key);
            return planner.refuse(new, reason);
        }
        // A foreign table has no stored values to convert.
        if converted {
            let (name, kind) = (new.text(Attr::Name), new.text(Attr::Type));
            statement.sql = format!(
                "ALTER TABLE {} ALTER COLUMN {name} TYPE {kind} USING {name}::text::{kind}",
                ddl::parent(new)
            );
            let refused = format!("values that are no {kind} are refused");
            statement = statement
                .hazard(
                    HazardKind::TableRewrite,
                    ddl::parent(new),
                    format!("column {name} gets the new {kind}"),
                )
                .hazard(HazardKind::MayFailOnData, ddl::parent(new), refused);
        }
        planner.items[on.dependent].alter.insert(0, statement);
    }
    let column = &mut planner.items[on.dependent];
    for statement in ddl::stored(new) {
        if !column.alter.contains(&statement) {
            column.alter.push(statement);
        }
    }
    column.action = Action::Alter;
    column.retyped = true;
}
