//! Attaches, detaches and changes partitions.

use super::context::{AlterStrategy, Context};
use super::sql::{parent, temporary};
use crate::schema::hazard::HazardKind;
use crate::schema::model::{Attr, Kind, Object};
use crate::schema::statement::{LockMode, Phase, Statement};
use crate::sql::{bracketed_lists, dollar_quote, entries, entry, quote_literal, split_list};

/// Attaches a partition. A table with rows first gets a check equivalent to the bounds: its validation blocks no other
/// session, and PostgreSQL then attaches without reading the rows.
pub(super) fn attach(ctx: &Context<'_>, partition: &Object) -> Vec<Statement> {
    let (child, of) = (parent(partition), partition.text(Attr::ParentRelation));
    let mut attach = Statement::new(format!(
        "ALTER TABLE ONLY {of} ATTACH PARTITION {child} {}",
        partition.text(Attr::Bound)
    ));
    if !ctx.is_fresh(of) {
        attach = attach.lock(of, LockMode::ShareUpdateExclusive);
        let others = siblings(ctx, of).find(|p| p.text(Attr::Bound) == "DEFAULT");
        if let Some(default) = others.map(|other| parent(&other)).filter(|default| *default != child) {
            attach = attach.exclusive(default).hazard(
                HazardKind::ScanUnderLock,
                default,
                "the default partition is searched for rows of the new one",
            );
        }
    }
    if ctx.is_fresh(child) {
        return vec![attach];
    }
    attach = attach.exclusive(child);
    let foreign = ctx.new.object(Kind::Table, child).is_some_and(|t| t.has(Attr::Foreign));
    let moves = ctx.old.find(partition.key).is_some();
    let Some(rule) =
        bounds(ctx, partition).filter(|_| ctx.online && !foreign && !moves && !ctx.recreated.contains(of))
    else {
        return vec![
            attach
                .hazard(HazardKind::ScanUnderLock, child, "its rows are checked against the bounds")
                .hazard(HazardKind::MayFailOnData, child, "rows outside the bounds are refused"),
        ];
    };
    let table = ctx.new.object(Kind::Table, child).unwrap_or(*partition);
    let check = temporary(ctx, "bound", &table);
    vec![
        Statement::new(format!("ALTER TABLE {child} ADD CONSTRAINT {check} CHECK ({rule}) NOT VALID"))
            .exclusive(child),
        Statement::new(format!("ALTER TABLE {child} VALIDATE CONSTRAINT {check}"))
            .lock(child, LockMode::ShareUpdateExclusive)
            .hazard(HazardKind::MayFailOnData, child, "rows outside the bounds are refused")
            .at(Phase::Validate),
        attach.at(Phase::Finish),
        Statement::new(format!("ALTER TABLE {child} DROP CONSTRAINT {check}"))
            .exclusive(child)
            .at(Phase::Finish),
    ]
}

/// The partition constraint as an expression, including those of the partitions above; `None` for a partition key or
/// bound with no simple expression.
fn bounds(ctx: &Context<'_>, partition: &Object) -> Option<String> {
    let mut rules = Vec::new();
    let mut at = Some(*partition);
    while let Some(partition) = at {
        let of = partition.text(Attr::ParentRelation);
        let by = ctx.new.object(Kind::Table, of)?.get(Attr::PartitionKey)?;
        let (how, _) = by.split_once(" (")?;
        let [column] = bracketed_lists(by)[..] else { return None };
        ctx.new.object(Kind::Column, &format!("{of}.{column}"))?;
        rules.push(rule(how, column, partition.text(Attr::Bound))?);
        at = ctx.new.object(Kind::Partition, of);
    }
    Some(rules.join(" AND "))
}

fn rule(how: &str, column: &str, bound: &str) -> Option<String> {
    let mut conditions = vec![format!("{column} IS NOT NULL")];
    match how {
        "RANGE" => {
            let [from, to] = bracketed_lists(bound)[..] else { return None };
            conditions.extend((from != "MINVALUE").then(|| format!("{column} >= {from}")));
            conditions.extend((to != "MAXVALUE").then(|| format!("{column} < {to}")));
        }
        "LIST" => {
            let [values] = bracketed_lists(bound)[..] else { return None };
            if split_list(values).contains(&"NULL") {
                return None;
            }
            conditions.push(format!("{column} IN ({values})"));
        }
        _ => return None,
    }
    Some(conditions.join(" AND "))
}

pub(super) fn detach(ctx: &Context<'_>, partition: &Object) -> Vec<Statement> {
    let (child, of) = (parent(partition), partition.text(Attr::ParentRelation));
    let (mut statements, phase) = if detaches_concurrently(ctx, partition) {
        (vec![detach_concurrently(partition), without_bounds(ctx, child)], Phase::Finish)
    } else if partition.has(Attr::DetachPending) {
        let statement = Statement::new(format!("ALTER TABLE {of} DETACH PARTITION {child} FINALIZE"));
        (vec![statement.lock(of, LockMode::ShareUpdateExclusive).exclusive(child)], Phase::Main)
    } else {
        let statement = Statement::new(format!("ALTER TABLE {of} DETACH PARTITION {child}"));
        let detach = statement.exclusive(of).exclusive(child).hazard(
            HazardKind::BreaksClients,
            of,
            format!("rows of {child} are no longer seen through it"),
        );
        (vec![detach], Phase::Main)
    };
    let unwanted = inherited_keys(partition).filter(|(name, key)| !is_wanted(ctx, child, name, key));
    let drop = |(name, _)| {
        let sql = format!("ALTER TABLE {child} DROP CONSTRAINT {name}");
        Statement::new(sql).exclusive(child).at(phase)
    };
    statements.extend(unwanted.map(drop));
    statements
}

/// Names and definitions of the foreign keys and exclusion constraints that a partition inherits from its parent.
fn inherited_keys<'a>(partition: &Object<'a>) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    entries(partition.text(Attr::InheritedForeignKeys)).into_iter().map(entry)
}

/// Whether the new side has the foreign key that a detached partition keeps, on the table itself or on its new parent.
fn is_wanted(ctx: &Context<'_>, child: &str, name: &str, key: &str) -> bool {
    let defined = |constraint: Object<'_>| constraint.text(Attr::Definition) == key;
    if ctx.new.object(Kind::Constraint, &format!("{child}.{name}")).is_some_and(defined) {
        return true;
    }
    let mut above = ctx.new.object(Kind::Partition, child).map(|place| place.text(Attr::ParentRelation));
    while let Some(table) = above {
        let constraints = ctx.new.object(Kind::Table, table).map(|table| ctx.parts(&table));
        let mut constraints = constraints.into_iter().flatten().map(|(_, part)| part);
        if constraints.any(|part| part.key.kind == Kind::Constraint && defined(part)) {
            return true;
        }
        above = ctx.new.object(Kind::Partition, table).map(|place| place.text(Attr::ParentRelation));
    }
    false
}

/// Whether a foreign key remains on the table after it is detached.
pub(in crate::schema) fn is_kept_key(ctx: &Context<'_>, constraint: &Object<'_>) -> bool {
    let place = ctx.old.object(Kind::Partition, parent(constraint));
    let place = place.filter(|place| ctx.new.get(place.key).is_none_or(|new| !new.same_as(place)));
    let same = |(name, key): (&str, &str)| {
        name == constraint.text(Attr::Name) && key == constraint.text(Attr::Definition)
    };
    place.is_some_and(|place| inherited_keys(&place).any(same))
}

/// The reason for a change of a partition that both sides are about to detach.
pub(in crate::schema) const HALF_DETACHED: &str = "PostgreSQL alters no partition whose concurrent detach was \
                                                   interrupted: finish it with DETACH PARTITION … FINALIZE";

/// The reason for a partition that the new side is about to detach.
pub(in crate::schema) const PENDING: &str = "its concurrent detach on the new side was interrupted, which no statement \
                                             repeats: finish it there with DETACH PARTITION … FINALIZE";

pub(super) fn change(old: &Object, new: &Object) -> AlterStrategy {
    if new.has(Attr::DetachPending) {
        return AlterStrategy::Refuse(PENDING.to_owned());
    }
    if moves_rows(old, new) {
        let reason = "rows of a hash partition with another modulus or remainder belong elsewhere; \
                      PlanOptions::recreate_tables plans a new table and copies the rows";
        return AlterStrategy::Refuse(reason.to_owned());
    }
    AlterStrategy::Replace
}

/// Whether rows of a hash partition belong to another one afterwards.
pub(in crate::schema) fn moves_rows(old: &Object, new: &Object) -> bool {
    let (was, is) = (hash_bound(old.text(Attr::Bound)), hash_bound(new.text(Attr::Bound)));
    was.zip(is).is_some_and(|((m, r), (modulus, remainder))| {
        modulus == 0 || m % modulus != 0 || r % modulus != remainder
    })
}

fn hash_bound(bound: &str) -> Option<(u64, u64)> {
    let numbers = bound.strip_prefix("FOR VALUES WITH (modulus ")?.strip_suffix(')')?;
    let (modulus, remainder) = numbers.split_once(", remainder ")?;
    Some((modulus.parse().ok()?, remainder.parse().ok()?))
}

/// Whether a partition is detached for good and can be detached concurrently: not where there is a default partition
/// or an interrupted detach, and not one that is attached again later, whose rows would be invisible in between.
pub(super) fn detaches_concurrently(ctx: &Context<'_>, partition: &Object) -> bool {
    let of = partition.text(Attr::ParentRelation);
    ctx.online
        && !partition.has(Attr::DetachPending)
        && !ctx.is_fresh(parent(partition))
        && !ctx.recreated.contains(of)
        && ctx.new.find(partition.key).is_none()
        && ctx.new.object(Kind::Table, of).is_some()
        && !siblings(ctx, of).any(|p| p.text(Attr::Bound) == "DEFAULT" || stays_pending(ctx, &p))
}

/// Whether the detach of a partition was interrupted and stays so.
fn stays_pending(ctx: &Context<'_>, partition: &Object) -> bool {
    partition.has(Attr::DetachPending) && ctx.new.find(partition.key).is_some()
}

fn siblings<'a>(ctx: &Context<'a>, of: &'a str) -> impl Iterator<Item = Object<'a>> {
    ctx.old.objects.of_kind(Kind::Partition).filter(move |f| f.text(Attr::ParentRelation) == of)
}

pub(super) fn detach_concurrently(partition: &Object) -> Statement {
    let (child, of) = (parent(partition), partition.text(Attr::ParentRelation));
    Statement::new(format!("ALTER TABLE {of} DETACH PARTITION {child} CONCURRENTLY"))
        .lock(of, LockMode::ShareUpdateExclusive)
        .exclusive(child)
        .hazard(HazardKind::BreaksClients, of, format!("rows of {child} are no longer seen through it"))
        .hazard(
            HazardKind::NotTransactional,
            of,
            format!("a failure leaves it half done: finish with DETACH PARTITION {child} FINALIZE"),
        )
        .at(Phase::Concurrent)
}

/// Drops the check of its bounds that a concurrently detached partition keeps under a name that PostgreSQL generates.
fn without_bounds(ctx: &Context<'_>, child: &str) -> Statement {
    let checks = ctx.old.objects.of_kind(Kind::Constraint).filter(|f| f.text(Attr::Type) == "check");
    let own = checks.filter(|f| parent(f) == child);
    let own: Vec<String> = own.map(|f| quote_literal(f.text(Attr::Name))).collect();
    let known = match own.is_empty() {
        true => String::new(),
        false => format!(" AND pg_catalog.quote_ident(conname) NOT IN ({})", own.join(", ")),
    };
    let table = quote_literal(child);
    let drop = quote_literal(&format!("ALTER TABLE {} DROP CONSTRAINT %I", child.replace('%', "%%")));
    let body = format!(
        " DECLARE bound name; BEGIN FOR bound IN SELECT conname FROM pg_catalog.pg_constraint \
         WHERE conrelid = {table}::pg_catalog.regclass AND contype = 'c'{known} \
         LOOP EXECUTE pg_catalog.format({drop}, bound); END LOOP; END "
    );
    Statement::new(format!("DO {}", dollar_quote(&body))).exclusive(child).at(Phase::Finish)
}

#[cfg(test)]
mod tests {
    use super::rule;

    #[test]
    fn bounds_of_one_column_become_a_check() {
        let from_to = "FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')";
        assert_eq!(
            rule("RANGE", "at", from_to).as_deref(),
            Some("at IS NOT NULL AND at >= '2024-01-01' AND at < '2025-01-01'")
        );
        assert_eq!(
            rule("RANGE", "at", "FOR VALUES FROM (MINVALUE) TO (10)").as_deref(),
            Some("at IS NOT NULL AND at < 10")
        );
        assert_eq!(
            rule("LIST", "k", "FOR VALUES IN ('a', 'b')").as_deref(),
            Some("k IS NOT NULL AND k IN ('a', 'b')")
        );
    }

    #[test]
    fn bounds_that_cannot_be_said_simply_become_none() {
        for (how, bound) in [
            ("LIST", "DEFAULT"),
            ("LIST", "FOR VALUES IN ('a', NULL)"),
            ("HASH", "FOR VALUES WITH (modulus 4, remainder 0)"),
            ("RANGE", "FOR VALUES FROM ('a) TO ('x')"),
        ] {
            assert_eq!(rule(how, "k", bound), None, "{how} {bound}");
        }
    }
}
