//! Statements for constraints of tables.

use super::context::{AlterStrategy, Context, IndexUse, Swap};
use super::index::{concurrently, named, without_options};
use super::replica_identity::{identity_before, no_identity};
use super::sql::{change_options, differing, lines, options, parent, temporary};
use crate::schema::hazard::HazardKind;
use crate::schema::model::{Attr, Kind, Object, Schema, Table};
use crate::schema::statement::{LockMode, Phase, Statement};
use crate::sql::{clause, has_keywords};

fn alter(object: &Object) -> String {
    let recurses = matches!(object.text(Attr::Type), "check" | "foreign key" | "exclusion");
    format!("ALTER TABLE {}{}", if recurses { "" } else { "ONLY " }, parent(object))
}

pub(super) fn create(ctx: &Context<'_>, object: &Object) -> Vec<Statement> {
    let table = parent(object);
    let kind = object.text(Attr::Type);
    let definition = object.text(Attr::Definition);
    let owner = ctx.new.object(Kind::Table, table).map(|table| Table::new(&table));
    let partitioned = owner.is_some_and(Table::is_partitioned);
    let foreign = owner.is_some_and(Table::is_foreign);
    let mut statements = match kind {
        _ if ctx.is_fresh(table) => vec![plain(object, with_index_options(object))],
        "check" | "foreign key" => {
            let skip =
                ["NOT VALID", "NOT ENFORCED"].iter().any(|keywords| clause(definition, keywords).is_some());
            if skip && kind == "check" {
                let add = locked(object, plain(object, definition.to_owned()));
                std::iter::once(add).chain(validated_below(ctx, object)).collect()
            } else if skip
                || !ctx.online
                || foreign
                || (partitioned && kind == "foreign key" && ctx.old.server_version() < 180_000)
            {
                let statement = locked(object, plain(object, definition.to_owned()));
                vec![if skip { statement } else { scanned(object, statement) }]
            } else {
                let add = locked(object, plain(object, format!("{definition} NOT VALID")));
                let mut validate = Statement::new(format!(
                    "ALTER TABLE {table} VALIDATE CONSTRAINT {}",
                    object.text(Attr::Name)
                ))
                .lock(table, LockMode::ShareUpdateExclusive)
                .hazard(HazardKind::MayFailOnData, table, "rows that do not fit are refused")
                .at(Phase::Validate);
                if let Some(other) = object.get(Attr::References) {
                    validate = validate.lock(other, LockMode::RowShare);
                }
                vec![add, validate]
            }
        }
        "primary key" | "unique"
            if ctx.online
                && !partitioned
                && !object.text(Attr::IndexDefinition).is_empty()
                && !has_keywords(definition, "WITHOUT OVERLAPS") =>
        {
            let name = object.text(Attr::Name);
            vec![build(object, name), adopted(object, name)]
        }
        // On the partitioned table alone, which has no rows; the indexes of its partitions are attached.
        "primary key" | "unique" if partitioned => {
            vec![locked(object, plain(object, with_index_options(object)))]
        }
        _ => vec![scanned(object, locked(object, plain(object, with_index_options(object))))],
    };
    let phase = statements.last().map(|s| s.phase).unwrap_or_default();
    statements.extend(index_flags(None, object).into_iter().map(|s| s.at(phase)));
    statements
}

/// Validates the inherited copies of a check: children inherit a `NOT VALID` check as such.
fn validated_below(ctx: &Context<'_>, object: &Object) -> Vec<Statement> {
    let (table, name) = (parent(object), object.text(Attr::Name));
    let inherits = |below: &Object<'_>| {
        let mut at = parent(below);
        while let Some(above) = parent_table(ctx.new, at) {
            if above == table {
                return true;
            }
            at = above;
        }
        false
    };
    let checks = ctx.new.objects.of_kind(Kind::Constraint).filter(|f| f.has(Attr::Inherited));
    let valid = checks.filter(|f| f.text(Attr::Name) == name && f.text(Attr::Type) == "check");
    let valid = valid.filter(|f| clause(f.text(Attr::Definition), "NOT VALID").is_none());
    let old = valid.filter(|f| ctx.old.object(Kind::Table, parent(f)).is_some() && inherits(f));
    let validate = |below: Object<'_>| {
        let child = parent(&below);
        let validate = Statement::new(format!("ALTER TABLE {child} VALIDATE CONSTRAINT {name}"))
            .lock(child, LockMode::ShareUpdateExclusive)
            .hazard(HazardKind::MayFailOnData, child, "rows that do not fit are refused");
        if ctx.online { validate.at(Phase::Validate) } else { validate }
    };
    old.map(validate).collect()
}

/// The partitioned table or first inheritance parent of a table.
fn parent_table<'a>(schema: &'a Schema, table: &str) -> Option<&'a str> {
    let partition = schema.object(Kind::Partition, table).map(|p| p.text(Attr::ParentRelation));
    partition.or_else(|| lines(schema.object(Kind::Table, table)?.get(Attr::Inherits)).first().copied())
}

/// Builds the index of a primary key or unique constraint under a temporary name.
fn build(object: &Object, name: &str) -> Statement {
    let space = object.get(Attr::Tablespace).map(|s| format!(" TABLESPACE {s}")).unwrap_or_default();
    let sql = named(object.text(Attr::IndexDefinition), object.text(Attr::Name), name, " CONCURRENTLY");
    concurrently(object, format!("{sql}{space}"), true)
}

/// The clauses after `ADD CONSTRAINT`: the name, the kind, and the index that the constraint takes over.
fn using(object: &Object, index: &str) -> String {
    let definition = object.text(Attr::Definition);
    let (_, timing) = timing(definition);
    format!(
        "{} {} USING INDEX {index}{timing}",
        object.text(Attr::Name),
        object.text(Attr::Type).to_uppercase()
    )
}

/// Whether the index of a constraint equals the given one except for its name.
pub(in crate::schema) fn same_index(index: &Object, constraint: &Object) -> bool {
    let own = constraint.text(Attr::IndexDefinition);
    !own.is_empty()
        && named(index.text(Attr::Definition), index.text(Attr::Name), constraint.text(Attr::Name), "") == own
}

/// Adds a constraint on an existing index, which takes the name of the constraint.
pub(in crate::schema) fn adopt(object: &Object, index: &Object) -> Vec<Statement> {
    vec![adopted(object, index.text(Attr::Name))]
}

fn adopted(object: &Object, index: &str) -> Statement {
    let sql = format!("{} ADD CONSTRAINT {}", alter(object), using(object, index));
    Statement::new(sql).exclusive(parent(object)).at(Phase::Finish)
}

/// Builds the index of a changed key first and then swaps the keys in one transaction. On a partitioned table
/// only the catalog changes, because the indexes of the partitions exist by then.
pub(super) fn swap(ctx: &Context<'_>, old: &Object, new: &Object, usage: &IndexUse<'_>) -> Option<Swap> {
    let key = |object: &Object| {
        matches!(object.text(Attr::Type), "primary key" | "unique")
            && !has_keywords(object.text(Attr::Definition), "WITHOUT OVERLAPS")
    };
    let table = parent(new);
    let partitioned = Table::new(&ctx.new.object(Kind::Table, table)?).is_partitioned();
    if !key(old) || !key(new) || (!partitioned && new.text(Attr::IndexDefinition).is_empty()) {
        return None;
    }
    let made = temporary(ctx, "new", new);
    let gone = format!("DROP CONSTRAINT {}", old.text(Attr::Name));
    let (build, mut swap) = if partitioned {
        let drop = Statement::new(format!("ALTER TABLE {table} {gone}")).exclusive(table);
        let drop = usage.partitions.iter().fold(drop, |drop, partition| drop.exclusive(partition));
        let add = locked(new, plain(new, with_index_options(new)));
        (Vec::new(), if usage.dropped_with_parent { vec![add] } else { vec![drop, add] })
    } else {
        let gone = if usage.dropped_with_parent { String::new() } else { format!("{gone}, ") };
        let sql = format!("{} {gone}ADD CONSTRAINT {}", alter(new), using(new, &made));
        (vec![build(new, &made)], vec![Statement::new(sql).exclusive(table)])
    };
    if old.has(Attr::ReplicaIdentity) && !new.has(Attr::ReplicaIdentity) {
        swap.extend(no_identity(ctx, new));
    }
    swap.extend(index_flags(None, new));
    Some(Swap { build, swap: swap.into_iter().map(|s| s.at(Phase::Finish)).collect(), purge: Vec::new() })
}

fn plain(object: &Object, definition: String) -> Statement {
    Statement::new(format!("{} ADD CONSTRAINT {} {definition}", alter(object), object.text(Attr::Name)))
}

/// Storage parameters and tablespace go between the columns and the timing.
fn with_index_options(object: &Object) -> String {
    let definition = object.text(Attr::Definition).to_owned();
    let mut extra = String::new();
    // The definition of an exclusion constraint has them already.
    if let Some(parameters) =
        object.get(Attr::IndexOptions).filter(|_| object.text(Attr::Type) != "exclusion")
    {
        extra += &format!(" WITH ({})", options(parameters));
    }
    if let Some(space) = object.get(Attr::Tablespace) {
        extra += &format!(" USING INDEX TABLESPACE {space}");
    }
    if extra.is_empty() {
        return definition;
    }
    let after = clause(&definition, "WHERE").or_else(|| clause(&definition, "DEFERRABLE"));
    match after {
        Some(place) => {
            format!("{}{extra} {}", definition[..place.start].trim_end(), &definition[place.start..])
        }
        None => definition + &extra,
    }
}

fn locked(object: &Object, statement: Statement) -> Statement {
    let table = parent(object);
    match object.get(Attr::References) {
        Some(other) => {
            statement.lock(table, LockMode::ShareRowExclusive).lock(other, LockMode::ShareRowExclusive)
        }
        None => statement.exclusive(table),
    }
}

fn scanned(object: &Object, statement: Statement) -> Statement {
    let table = parent(object);
    statement.hazard(HazardKind::ScanUnderLock, table, "every row is checked").hazard(
        HazardKind::MayFailOnData,
        table,
        "rows that do not fit are refused",
    )
}

fn index_flags(old: Option<&Object<'_>>, new: &Object) -> Vec<Statement> {
    let table = parent(new);
    let name = new.text(Attr::Name);
    let had = |attr: Attr| old.is_some_and(|f| f.has(attr));
    let mut statements = Vec::new();
    if new.has(Attr::Clustered) && !had(Attr::Clustered) {
        statements.push(Statement::new(format!("ALTER TABLE {table} CLUSTER ON {name}")));
    }
    if !new.has(Attr::Clustered) && had(Attr::Clustered) {
        statements.push(Statement::new(format!("ALTER TABLE {table} SET WITHOUT CLUSTER")));
    }
    if new.has(Attr::ReplicaIdentity) && !had(Attr::ReplicaIdentity) {
        statements
            .push(Statement::new(format!("ALTER TABLE ONLY {table} REPLICA IDENTITY USING INDEX {name}")));
    }
    statements
}

pub(super) fn drop(ctx: &Context<'_>, object: &Object) -> Vec<Statement> {
    let table = parent(object);
    let mut statement =
        Statement::new(format!("ALTER TABLE {table} DROP CONSTRAINT {}", object.text(Attr::Name)))
            .exclusive(table);
    if ctx.new.find(object.key).is_some() {
        statement = statement.hazard(
            HazardKind::TemporarilyMissing,
            table,
            "nothing is checked until it is made anew",
        );
    }
    if let Some(other) = object.get(Attr::References) {
        statement = statement.exclusive(other);
    }
    identity_before(ctx, object).into_iter().chain([statement]).collect()
}

pub(super) fn change(ctx: &Context<'_>, old: &Object, new: &Object) -> AlterStrategy {
    let (table, name) = (parent(new), new.text(Attr::Name));
    let mut statements = Vec::new();
    for attr in differing(old, new) {
        match attr {
            Attr::Definition => match change_definition(ctx, old, new) {
                Some(changes) => statements.extend(changes),
                None => return AlterStrategy::Replace,
            },
            Attr::IndexOptions => statements.extend(change_options(
                &format!("ALTER INDEX {}.{name}", new.text(Attr::Schema)),
                old.get(attr),
                new.get(attr),
            )),
            Attr::ReplicaIdentity if !new.has(attr) => statements.extend(no_identity(ctx, new)),
            Attr::IndexDefinition
            | Attr::Clustered
            | Attr::ReplicaIdentity
            | Attr::Columns
            | Attr::ForeignColumns => {}
            Attr::Inherited => {
                if let Some(strategy) = change_inheritance(ctx, old, new) {
                    return strategy;
                }
            }
            Attr::Tablespace => statements.push(
                Statement::new(format!(
                    "ALTER INDEX {}.{name} SET TABLESPACE {}",
                    new.text(Attr::Schema),
                    new.get(attr).unwrap_or("pg_default")
                ))
                .exclusive(table),
            ),
            _ => return AlterStrategy::Replace,
        }
    }
    statements.extend(index_flags(Some(old), new));
    AlterStrategy::Alter(statements)
}

/// The statements for another definition; `None` if the constraint has to be replaced.
fn change_definition(ctx: &Context<'_>, old: &Object, new: &Object) -> Option<Vec<Statement>> {
    let (table, name) = (parent(new), new.text(Attr::Name));
    let (before, after) = (old.text(Attr::Definition), new.text(Attr::Definition));
    if before.strip_suffix(" NOT VALID") == Some(after) {
        let statement = Statement::new(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}"))
            .lock(table, LockMode::ShareUpdateExclusive)
            .hazard(HazardKind::MayFailOnData, table, "rows that do not fit are refused");
        return Some(vec![if ctx.online { statement.at(Phase::Validate) } else { statement }]);
    }
    match new.text(Attr::Type) {
        "foreign key" if timing(before).0 == timing(after).0 => {
            let timing = match timing(after).1.trim_start() {
                "" => "NOT DEFERRABLE",
                timing => timing,
            };
            let sql = format!("ALTER TABLE {table} ALTER CONSTRAINT {name} {timing}");
            Some(vec![Statement::new(sql).exclusive(table)])
        }
        "exclusion" if without_options(before) == without_options(after) => Some(Vec::new()),
        _ => None,
    }
}

/// The strategy where a constraint cannot become inherited or local as it is.
fn change_inheritance(ctx: &Context<'_>, old: &Object, new: &Object) -> Option<AlterStrategy> {
    let table = parent(new);
    if new.text(Attr::Type) == "check" && passes_on(ctx, old, new) {
        return Some(AlterStrategy::Replace);
    }
    let reason = match new.has(Attr::Inherited) {
        true if ctx.new.object(Kind::Partition, table).is_none() => {
            "PostgreSQL keeps a constraint the table had before it inherited"
        }
        false if still_inherits(ctx, table) => "an inherited constraint cannot become the table's own",
        _ => return None,
    };
    Some(AlterStrategy::Refuse(reason.to_owned()))
}

/// Splits a definition before its timing clause and the blank in front of it.
fn timing(definition: &str) -> (&str, &str) {
    match clause(definition, "DEFERRABLE") {
        Some(place) if clause(definition, "NOT VALID").is_none() => {
            definition.split_at(definition[..place.start].trim_end().len())
        }
        _ => (definition, ""),
    }
}

/// Whether a check is local on one side and inherited on the other, from a parent's check that exists only there.
fn passes_on(ctx: &Context<'_>, old: &Object, new: &Object) -> bool {
    let table = parent(new);
    let place = ctx.new.object(Kind::Partition, table).map(|place| place.text(Attr::ParentRelation));
    let parents = ctx.new.object(Kind::Table, table).and_then(|t| t.get(Attr::Inherits));
    let mut above = place.into_iter().chain(lines(parents));
    let there = |schema: &Schema, table: &str| {
        schema.object(Kind::Table, table).is_some()
            && schema.object(Kind::Constraint, &format!("{table}.{}", new.text(Attr::Name))).is_some()
    };
    match new.has(Attr::Inherited) {
        true => place.is_none() && above.any(|table| there(ctx.new, table) && !there(ctx.old, table)),
        false => {
            old.has(Attr::Inherited) && above.any(|table| !there(ctx.new, table) && there(ctx.old, table))
        }
    }
}

fn still_inherits(ctx: &Context<'_>, table: &str) -> bool {
    ctx.new.object(Kind::Table, table).is_some_and(|t| t.has(Attr::Inherits))
}
