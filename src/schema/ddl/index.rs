//! Indexes that are not part of a constraint.

use super::context::{AlterStrategy, Context, Place, Swap};
use super::replica_identity::{identity_before, no_identity};
use super::sql::{change_options, differing, lines, ordered, parent, temporary};
use crate::schema::model::{Attr, Kind, Object};
use crate::schema::statement::{HazardKind, LockMode, Phase, Statement};
use crate::sql::{bracketed_clause, clause};

pub(super) fn create(ctx: &Context<'_>, index: &Object) -> Vec<Statement> {
    let table = parent(index);
    let name = index.text(Attr::Name);
    let mut statements = if ctx.is_fresh(table) {
        vec![Statement::new(sql(index, name, ""))]
    } else if index.has(Attr::Partitioned) {
        vec![Statement::new(sql(index, name, "")).lock(table, LockMode::Share)]
    } else if ctx.online {
        vec![concurrently(index, sql(index, name, " CONCURRENTLY"), index.has(Attr::Unique))]
    } else {
        vec![Statement::new(sql(index, name, "")).lock(table, LockMode::Share).hazard(
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
fn sql(index: &Object, name: &str, concurrently: &str) -> String {
    let definition = index.text(Attr::Definition);
    let space = index.get(Attr::Tablespace).map(|s| format!(" TABLESPACE {s}")).unwrap_or_default();
    let definition = match clause(definition, "WHERE").filter(|_| !space.is_empty()) {
        Some(place) => {
            let (head, predicate) = definition.split_at(place.start);
            format!("{}{space} {predicate}", head.trim_end())
        }
        None => format!("{definition}{space}"),
    };
    named(&definition, index.text(Attr::Name), name, concurrently)
}

/// A `CREATE INDEX` under another name, and perhaps `CONCURRENTLY`.
pub(super) fn named(definition: &str, old: &str, new: &str, concurrently: &str) -> String {
    let rest = ["CREATE UNIQUE INDEX", "CREATE INDEX"].into_iter().find_map(|words| {
        definition.strip_prefix(words)?.strip_prefix(' ')?.strip_prefix(old).map(|rest| (words, rest))
    });
    match rest {
        Some((words, rest)) => format!("{words}{concurrently} {new}{rest}"),
        None => definition.to_owned(),
    }
}

/// A build that lets reads and writes go on.
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

/// A changed index is built beside the old one, takes its name, and then the old one goes. One that belongs to a
/// partitioned index finds its name free, because the old one went with that; `partitions` are the tables of those.
/// So does one that a foreign key needs: it would hold on to the old one.
pub(super) fn swap(ctx: &Context<'_>, old: &Object, new: &Object, place: &Place<'_>) -> Swap {
    let (table, schema, name) = (parent(new), new.text(Attr::Schema), new.text(Attr::Name));
    let (made, aside) = (temporary("new", new), temporary("old", old));
    let build = if new.has(Attr::Partitioned) {
        Statement::new(sql(new, &made, "")).lock(table, LockMode::Share).at(Phase::Concurrent)
    } else {
        concurrently(new, sql(new, &made, " CONCURRENTLY"), new.has(Attr::Unique))
    };
    let rename = |from: &str, to: &str| Statement::new(format!("ALTER INDEX {from} RENAME TO {to}"));
    let mut exchange = Vec::new();
    let mut purge = Vec::new();
    if place.hosted {
    } else if old.has(Attr::Partitioned) || place.referenced {
        let drop = Statement::new(format!("DROP INDEX {}", old.key.name)).exclusive(table);
        exchange.push(place.partitions.iter().fold(drop, |drop, partition| drop.exclusive(partition)));
    } else {
        exchange.push(rename(old.key.name, &aside).lock(old.key.name, LockMode::ShareUpdateExclusive));
        let drop = Statement::new(format!("DROP INDEX CONCURRENTLY {schema}.{aside}"))
            .lock(table, LockMode::ShareUpdateExclusive)
            .hazard(HazardKind::NotTransactional, table, "it cannot be taken back with what came before");
        purge.push(drop.at(Phase::Cleanup));
    }
    exchange.push(rename(&format!("{schema}.{made}"), name));
    if old.has(Attr::ReplicaIdentity) && !new.has(Attr::ReplicaIdentity) {
        exchange.extend(no_identity(ctx, new));
    }
    exchange.extend(flags(None, new));
    Swap { ahead: vec![build], exchange: exchange.into_iter().map(|s| s.at(Phase::Finish)).collect(), purge }
}

/// An index whose name is taken by the constraint it comes instead of.
pub(in crate::schema) fn build_aside(new: &Object) -> Vec<Statement> {
    let made = temporary("new", new);
    let build = concurrently(new, sql(new, &made, " CONCURRENTLY"), new.has(Attr::Unique));
    let rename = format!("ALTER INDEX {}.{made} RENAME TO {}", new.text(Attr::Schema), new.text(Attr::Name));
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
    let had = |attr: Attr| old.is_some_and(|f| f.has(attr));
    let mut statements = Vec::new();
    if new.has(Attr::Clustered) && !had(Attr::Clustered) {
        statements.push(Statement::new(format!("{alter} {table} CLUSTER ON {}", new.text(Attr::Name))));
    }
    if !new.has(Attr::Clustered) && had(Attr::Clustered) {
        statements.push(Statement::new(format!("{alter} {table} SET WITHOUT CLUSTER")));
    }
    if new.has(Attr::ReplicaIdentity) && !had(Attr::ReplicaIdentity) {
        statements.push(Statement::new(format!(
            "ALTER TABLE ONLY {table} REPLICA IDENTITY USING INDEX {}",
            new.text(Attr::Name)
        )));
    }
    let before = lines(old.and_then(|f| f.get(Attr::Statistics)));
    let after = lines(new.get(Attr::Statistics));
    let column = |line: &str| line.split('\t').next().unwrap_or(line).to_owned();
    for line in after.iter().filter(|l| !before.contains(l)) {
        statements.push(Statement::new(format!(
            "ALTER INDEX {key} ALTER COLUMN {}",
            line.replace('\t', " SET STATISTICS ")
        )));
    }
    for line in before.iter().filter(|b| !after.iter().any(|a| column(a) == column(b))) {
        statements.push(Statement::new(format!(
            "ALTER INDEX {key} ALTER COLUMN {} SET STATISTICS -1",
            column(line)
        )));
    }
    statements
}

/// Joins an index to the partitioned index it is a part of; nothing happens where `ATTACH PARTITION` of the table did it.
pub(super) fn attach(object: &Object) -> Vec<Statement> {
    vec![Statement::new(format!(
        "ALTER INDEX {} ATTACH PARTITION {}",
        object.text(Attr::Of),
        object.key.name
    ))]
}

pub(super) fn drop(ctx: &Context<'_>, index: &Object) -> Vec<Statement> {
    let table = parent(index);
    let key = &index.key.name;
    let removed = ctx.new.find(index.key).is_none();
    let identity = identity_before(ctx, index);
    if ctx.online
        && removed
        && !index.has(Attr::Partitioned)
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
    // A key of a partition that is a part of it goes no other way.
    let keys =
        |f: Object<'_>| f.text(Attr::Of) == *key && f.parent.is_some_and(|p| p.kind == Kind::Constraint);
    let cascade = index.has(Attr::Partitioned) && ctx.old.objects.of_kind(Kind::IndexAttach).any(keys);
    let words = if cascade { " CASCADE" } else { "" };
    let mut statement = Statement::new(format!("DROP INDEX {key}{words}")).exclusive(table);
    if !removed {
        statement = statement.hazard(
            HazardKind::Window,
            table,
            "queries go without the index until it is built anew",
        );
    }
    identity.into_iter().chain([statement]).collect()
}

/// Whether something the index needs goes or changes, so that it cannot wait to the end.
fn loses_column(ctx: &Context<'_>, index: &Object) -> bool {
    let needs = index.needs.iter().map(|at| ctx.old.objects.at(*at as usize));
    needs
        .filter(|f| f.key.kind != Kind::Table)
        .any(|need| ctx.new.find(need.key).is_none_or(|at| !ctx.new.objects.at(at).same_as(&need)))
}

pub(super) fn change(ctx: &Context<'_>, old: &Object, new: &Object) -> AlterStrategy {
    let key = &new.key.name;
    if new.has(Attr::Invalid) && !old.has(Attr::Invalid) {
        return AlterStrategy::Refuse(INVALID.to_owned());
    }
    let (before, after) =
        (without_options(old.text(Attr::Definition)), without_options(new.text(Attr::Definition)));
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

/// Why an invalid index cannot be the target of a plan.
pub(in crate::schema) const INVALID: &str =
    "a build of it failed on the new side, and no plan can make an invalid index: drop or reindex it there";

/// The definition without `WITH (…)`, which is compared by itself.
pub(super) fn without_options(definition: &str) -> String {
    match bracketed_clause(definition, "WITH") {
        Some(place) => format!("{}{}", definition[..place.start].trim_end(), &definition[place.end..]),
        None => definition.to_owned(),
    }
}
