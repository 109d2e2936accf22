//! Statements for indexes that are not part of a constraint.

use super::context::{AlterStrategy, Context, IndexUse, Swap};
use super::replica_identity::{identity_before, no_identity};
use super::sql::{change_options, differing, ordered, parent, temporary};
use crate::schema::hazard::HazardKind;
use crate::schema::model::{Attr, Index, Kind, Object};
use crate::schema::statement::{LockMode, Phase, Statement};
use crate::sql::{bracketed_clause, clause};

pub(super) fn create(ctx: &Context<'_>, index: &Object) -> Vec<Statement> {
    let table = parent(index);
    let view = Index::new(index);
    let name = view.name();
    let mut statements = if ctx.is_fresh(table) {
        vec![Statement::new(sql(view, name, ""))]
    } else if view.is_partitioned() {
        vec![Statement::new(sql(view, name, "")).lock(table, LockMode::Share)]
    } else if ctx.online {
        vec![concurrently(index, sql(view, name, " CONCURRENTLY"), view.is_unique())]
    } else {
        vec![Statement::new(sql(view, name, "")).lock(table, LockMode::Share).hazard(
            HazardKind::ScanUnderLock,
            table,
            "writes wait while the index is built",
        )]
    };
    let phase = statements
        .last()
        .map(|s| s.phase)
        .filter(|s| *s == Phase::Concurrent)
        .map_or(Phase::Main, |_| Phase::Finish);
    statements.extend(flags(None, index).into_iter().map(|s| s.at(phase)));
    statements
}

/// The statement that creates an index under a name.
fn sql(index: Index<'_>, name: &str, concurrently: &str) -> String {
    let definition = index.definition();
    let space = index.tablespace().map(|s| format!(" TABLESPACE {s}")).unwrap_or_default();
    let definition = match clause(definition, "WHERE").filter(|_| !space.is_empty()) {
        Some(place) => {
            let (head, predicate) = definition.split_at(place.start);
            format!("{}{space} {predicate}", head.trim_end())
        }
        None => format!("{definition}{space}"),
    };
    named(&definition, index.name(), name, concurrently)
}

/// A `CREATE INDEX` with another index name, optionally `CONCURRENTLY`.
pub(super) fn named(definition: &str, old: &str, new: &str, concurrently: &str) -> String {
    let rest = ["CREATE UNIQUE INDEX", "CREATE INDEX"].into_iter().find_map(|command| {
        definition.strip_prefix(command)?.strip_prefix(' ')?.strip_prefix(old).map(|rest| (command, rest))
    });
    match rest {
        Some((command, rest)) => format!("{command}{concurrently} {new}{rest}"),
        None => definition.to_owned(),
    }
}

/// A build that does not block reads or writes.
pub(super) fn concurrently(index: &Object, sql: String, unique: bool) -> Statement {
    let table = parent(index);
    let statement = Statement::new(sql)
        .lock(table, LockMode::ShareUpdateExclusive)
        .hazard(
            HazardKind::NotTransactional,
            table,
            "a failure leaves an invalid index and what was done before",
        )
        .at(Phase::Concurrent);
    if unique {
        statement.hazard(HazardKind::MayFailOnData, table, "duplicates are refused")
    } else {
        statement
    }
}

/// Builds a changed index beside the old one, gives it the old one's name, and then drops the old one. An attached
/// index finds its name free, because its old version is dropped with the partitioned index; [`IndexUse::partitions`]
/// are the tables of those. An index that a foreign key depends on is dropped in the swap rather than renamed, as
/// the key would keep the renamed one.
pub(super) fn swap(ctx: &Context<'_>, old: &Object, new: &Object, usage: &IndexUse<'_>) -> Swap {
    let (was, is) = (Index::new(old), Index::new(new));
    let (table, schema, name) = (parent(new), is.schema(), is.name());
    let (made, retired) = (temporary(ctx, "new", new), temporary(ctx, "old", old));
    let build = if is.is_partitioned() {
        Statement::new(sql(is, &made, "")).lock(table, LockMode::Share).at(Phase::Concurrent)
    } else {
        concurrently(new, sql(is, &made, " CONCURRENTLY"), is.is_unique())
    };
    let rename = |from: &str, to: &str| Statement::new(format!("ALTER INDEX {from} RENAME TO {to}"));
    let mut swap = Vec::new();
    let mut purge = Vec::new();
    if usage.dropped_with_parent {
    } else if was.is_partitioned() || usage.referenced {
        let drop = Statement::new(format!("DROP INDEX {}", old.key.name)).exclusive(table);
        swap.push(usage.partitions.iter().fold(drop, |drop, partition| drop.exclusive(partition)));
    } else {
        swap.push(rename(old.key.name, &retired).lock(old.key.name, LockMode::ShareUpdateExclusive));
        let drop = Statement::new(format!("DROP INDEX CONCURRENTLY {schema}.{retired}"))
            .lock(table, LockMode::ShareUpdateExclusive)
            .hazard(HazardKind::NotTransactional, table, "it cannot be taken back with what came before");
        purge.push(drop.at(Phase::Cleanup));
    }
    swap.push(rename(&format!("{schema}.{made}"), name));
    if was.is_replica_identity() && !is.is_replica_identity() {
        swap.extend(no_identity(ctx, new));
    }
    swap.extend(flags(None, new));
    Swap { build: vec![build], swap: swap.into_iter().map(|s| s.at(Phase::Finish)).collect(), purge }
}

/// Builds an index under a temporary name while the constraint that it replaces still has its name.
pub(in crate::schema) fn build_under_temporary_name(ctx: &Context<'_>, new: &Object) -> Vec<Statement> {
    let made = temporary(ctx, "new", new);
    let index = Index::new(new);
    let build = concurrently(new, sql(index, &made, " CONCURRENTLY"), index.is_unique());
    let rename = format!("ALTER INDEX {}.{made} RENAME TO {}", index.schema(), index.name());
    let after = std::iter::once(Statement::new(rename)).chain(flags(None, new));
    std::iter::once(build).chain(after.map(|s| s.at(Phase::Finish))).collect()
}

fn flags(old: Option<&Object>, new: &Object) -> Vec<Statement> {
    let table = parent(new);
    let key = &new.key.name;
    let alter = match &new.parent {
        Some(p) if p.kind == Kind::MaterializedView => "ALTER MATERIALIZED VIEW",
        _ => "ALTER TABLE",
    };
    let (old, new) = (old.map(Index::new), Index::new(new));
    let mut statements = Vec::new();
    let clustered = old.is_some_and(Index::is_clustered);
    if new.is_clustered() && !clustered {
        statements.push(Statement::new(format!("{alter} {table} CLUSTER ON {}", new.name())));
    }
    if !new.is_clustered() && clustered {
        statements.push(Statement::new(format!("{alter} {table} SET WITHOUT CLUSTER")));
    }
    if new.is_replica_identity() && !old.is_some_and(Index::is_replica_identity) {
        let using = format!("REPLICA IDENTITY USING INDEX {}", new.name());
        statements.push(Statement::new(format!("ALTER TABLE ONLY {table} {using}")));
    }
    let before = old.map(Index::statistics).unwrap_or_default();
    let after = new.statistics();
    let reset = before.iter().filter(|(column, _)| !after.iter().any(|(kept, _)| kept == column));
    let reset = reset.map(|(column, _)| (*column, "-1"));
    let set = after.iter().filter(|target| !before.contains(target)).copied();
    statements.extend(set.chain(reset).map(|(column, target)| {
        Statement::new(format!("ALTER INDEX {key} ALTER COLUMN {column} SET STATISTICS {target}"))
    }));
    statements
}

/// Attaches an index to its partitioned index; has no effect where `ATTACH PARTITION` of the table did so already.
pub(super) fn attach(object: &Object) -> Vec<Statement> {
    vec![Statement::new(format!(
        "ALTER INDEX {} ATTACH PARTITION {}",
        object.text(Attr::ParentRelation),
        object.key.name
    ))]
}

pub(super) fn drop(ctx: &Context<'_>, index: &Object) -> Vec<Statement> {
    let table = parent(index);
    let key = &index.key.name;
    let removed = ctx.new.find(index.key).is_none();
    let identity = identity_before(ctx, index);
    let partitioned = Index::new(index).is_partitioned();
    if ctx.online
        && removed
        && !partitioned
        && ctx.new.object(Kind::Table, table).is_some()
        && !loses_column(ctx, index)
    {
        let statement = Statement::new(format!("DROP INDEX CONCURRENTLY {key}"))
            .lock(table, LockMode::ShareUpdateExclusive)
            .at(Phase::Cleanup);
        let drop = statement.hazard(
            HazardKind::NotTransactional,
            table,
            "it cannot be taken back with what came before",
        );
        return identity.into_iter().chain([drop]).collect();
    }
    // The key of a partition whose index is attached to it can only be dropped by `CASCADE`.
    let keys = |f: Object<'_>| {
        f.text(Attr::ParentRelation) == *key && f.parent.is_some_and(|p| p.kind == Kind::Constraint)
    };
    let cascade = partitioned && ctx.old.objects.of_kind(Kind::IndexAttach).any(keys);
    let behavior = if cascade { " CASCADE" } else { "" };
    let mut statement = Statement::new(format!("DROP INDEX {key}{behavior}")).exclusive(table);
    if !removed {
        statement = statement.hazard(
            HazardKind::TemporarilyMissing,
            table,
            "queries go without the index until it is built anew",
        );
    }
    identity.into_iter().chain([statement]).collect()
}

/// Whether something the index depends on is dropped or changed, so that it cannot be dropped last.
fn loses_column(ctx: &Context<'_>, index: &Object) -> bool {
    let needs = index.needs.iter().map(|at| ctx.old.objects.at(*at as usize));
    needs
        .filter(|f| f.key.kind != Kind::Table)
        .any(|need| ctx.new.find(need.key).is_none_or(|at| !ctx.new.objects.at(at).same_as(&need)))
}

pub(super) fn change(ctx: &Context<'_>, old: &Object, new: &Object) -> AlterStrategy {
    let key = &new.key.name;
    let (was, is) = (Index::new(old), Index::new(new));
    if is.is_invalid() && !was.is_invalid() {
        return AlterStrategy::Refuse(INVALID.to_owned());
    }
    let (before, after) = (without_options(was.definition()), without_options(is.definition()));
    if before != after || old.parent != new.parent {
        return AlterStrategy::Replace;
    }
    let mut statements = Vec::new();
    for attr in differing(old, new) {
        match attr {
            Attr::ReplicaIdentity if !new.has(attr) => statements.extend(no_identity(ctx, new)),
            Attr::Definition | Attr::Clustered | Attr::ReplicaIdentity | Attr::Statistics => {}
            Attr::Options => {
                statements.extend(change_options(&format!("ALTER INDEX {key}"), ordered(old), ordered(new)))
            }
            Attr::Tablespace => statements.push(
                Statement::new(format!(
                    "ALTER INDEX {key} SET TABLESPACE {}",
                    new.get(attr).unwrap_or("pg_default")
                ))
                .exclusive(parent(new)),
            ),
            _ => return AlterStrategy::Replace,
        }
    }
    statements.extend(flags(Some(old), new));
    AlterStrategy::Alter(statements)
}

/// The reason why an invalid index cannot be the target of a plan.
pub(in crate::schema) const INVALID: &str =
    "a build of it failed on the new side, and no plan can make an invalid index: drop or reindex it there";

/// The definition without `WITH (…)`, which is compared separately.
pub(super) fn without_options(definition: &str) -> String {
    match bracketed_clause(definition, "WITH") {
        Some(place) => format!("{}{}", definition[..place.start].trim_end(), &definition[place.end..]),
        None => definition.to_owned(),
    }
}
