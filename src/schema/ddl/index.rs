//! Indexes that are not part of a constraint.

use super::{Context, Verdict, change_options, differing, lines, ordered, parent};
use crate::schema::model::{Fact, Kind};
use crate::schema::statement::{HazardKind, LockMode, Stage, Statement};

pub(super) fn create(ctx: &Context<'_>, index: &Fact) -> Vec<Statement> {
    let table = parent(index);
    let definition = index.text("definition");
    let space = index.get("tablespace").map(|s| format!(" TABLESPACE {s}")).unwrap_or_default();
    let sql = match definition.find(" WHERE ").filter(|_| !space.is_empty()) {
        Some(at) => format!("{}{space}{}", &definition[..at], &definition[at..]),
        None => format!("{definition}{space}"),
    };
    let mut statements = if ctx.is_fresh(table) {
        vec![Statement::new(sql)]
    } else if index.has("partitioned") {
        vec![Statement::new(sql).lock(table, LockMode::Share)]
    } else if ctx.online {
        let at = if index.has("unique") { "CREATE UNIQUE INDEX" } else { "CREATE INDEX" };
        let mut statement = Statement::new(sql.replacen(at, &format!("{at} CONCURRENTLY"), 1))
            .lock(table, LockMode::ShareUpdateExclusive)
            .hazard(
                HazardKind::NotTransactional,
                table,
                "a failure leaves an invalid index and what was done before",
            )
            .at(Stage::Concurrent);
        if index.has("unique") {
            statement = statement.hazard(HazardKind::MayFailOnData, table, "duplicates are refused");
        }
        vec![statement]
    } else {
        vec![Statement::new(sql).lock(table, LockMode::Share).hazard(
            HazardKind::ScanUnderLock,
            table,
            "writes wait while the index is built",
        )]
    };
    let stage = statements
        .last()
        .map(|s| s.stage)
        .filter(|s| *s == Stage::Concurrent)
        .map_or(Stage::Main, |_| Stage::Finish);
    statements.extend(flags(None, index).into_iter().map(|s| s.at(stage)));
    statements
}

fn flags(old: Option<&Fact>, new: &Fact) -> Vec<Statement> {
    let table = parent(new);
    let key = &new.key.name;
    let alter = match &new.parent {
        Some(p) if p.kind == Kind::MaterializedView => "ALTER MATERIALIZED VIEW",
        _ => "ALTER TABLE",
    };
    let had = |attr: &str| old.is_some_and(|f| f.has(attr));
    let mut statements = Vec::new();
    if new.has("clustered") && !had("clustered") {
        statements.push(Statement::new(format!("{alter} {table} CLUSTER ON {}", new.text("name"))));
    }
    if !new.has("clustered") && had("clustered") {
        statements.push(Statement::new(format!("{alter} {table} SET WITHOUT CLUSTER")));
    }
    if new.has("replica_identity") && !had("replica_identity") {
        statements.push(Statement::new(format!(
            "ALTER TABLE ONLY {table} REPLICA IDENTITY USING INDEX {}",
            new.text("name")
        )));
    }
    let before = lines(old.and_then(|f| f.get("statistics")));
    let after = lines(new.get("statistics"));
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
pub(super) fn attach(fact: &Fact) -> Vec<Statement> {
    vec![Statement::new(format!("ALTER INDEX {} ATTACH PARTITION {}", fact.text("of"), fact.key.name))]
}

pub(super) fn drop(ctx: &Context<'_>, index: &Fact) -> Vec<Statement> {
    let table = parent(index);
    let key = &index.key.name;
    let removed = ctx.new.find(&index.key).is_none();
    if ctx.online
        && removed
        && !index.has("partitioned")
        && ctx.new.fact(Kind::Table, table).is_some()
        && !loses_column(ctx, index)
    {
        let statement = Statement::new(format!("DROP INDEX CONCURRENTLY {key}"))
            .lock(table, LockMode::ShareUpdateExclusive)
            .at(Stage::Cleanup);
        return vec![statement.hazard(
            HazardKind::NotTransactional,
            table,
            "it cannot be taken back with what came before",
        )];
    }
    let mut statement = Statement::new(format!("DROP INDEX {key}")).exclusive(table);
    if !removed {
        statement = statement.hazard(
            HazardKind::Window,
            table,
            "queries go without the index until it is built anew",
        );
    }
    vec![statement]
}

/// Whether something the index needs goes or changes, so that it cannot wait to the end.
fn loses_column(ctx: &Context<'_>, index: &Fact) -> bool {
    let needs = index.needs.iter().map(|at| &ctx.old.facts[*at as usize]);
    needs
        .filter(|f| f.key.kind != Kind::Table)
        .any(|need| ctx.new.find(&need.key).is_none_or(|at| !ctx.new.facts[at].same_as(need)))
}

pub(super) fn change(ctx: &Context<'_>, old: &Fact, new: &Fact) -> Verdict {
    let key = &new.key.name;
    let (before, after) = (without_options(old.text("definition")), without_options(new.text("definition")));
    if before != after || old.parent != new.parent {
        return Verdict::Replace;
    }
    let mut statements = Vec::new();
    for attr in differing(old, new) {
        match attr {
            "replica_identity" if !new.has(attr) => {
                statements.extend(super::constraint::no_identity(ctx, new))
            }
            "definition" | "clustered" | "replica_identity" | "statistics" => {}
            "options" => {
                statements.extend(change_options(&format!("ALTER INDEX {key}"), ordered(old), ordered(new)))
            }
            "tablespace" => statements.push(
                Statement::new(format!(
                    "ALTER INDEX {key} SET TABLESPACE {}",
                    new.get(attr).unwrap_or("pg_default")
                ))
                .exclusive(parent(new)),
            ),
            _ => return Verdict::Replace,
        }
    }
    statements.extend(flags(Some(old), new));
    Verdict::Alter(statements)
}

/// The definition without `WITH (…)`, which is compared by itself.
fn without_options(definition: &str) -> String {
    match definition.find(" WITH (") {
        Some(at) => match definition[at..].find(')') {
            Some(end) => format!("{}{}", &definition[..at], &definition[at + end + 1..]),
            None => definition.to_owned(),
        },
        None => definition.to_owned(),
    }
}
