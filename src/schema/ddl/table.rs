//! Tables.

use super::{Context, Verdict, change_options, column, differing, lines, options, ordered, partition};
use crate::schema::model::{Fact, Kind};
use crate::schema::statement::{HazardKind, LockMode, Stage, Statement};

pub(super) fn create(ctx: &Context<'_>, table: &Fact) -> Vec<Statement> {
    let name = &table.key.name;
    let mut columns: Vec<(usize, Fact<'_>)> =
        ctx.parts(table).filter(|(_, f)| f.key.kind == Kind::Column).collect();
    columns.sort_by_key(|(_, f)| f.address.2);
    let inherits = table.get("inherits");
    let typed = table.has("of_type");
    let mut body = Vec::new();
    for (_, fact) in &columns {
        if typed {
            let options = column::options_of_typed(ctx, fact);
            body.extend(
                (!options.is_empty()).then(|| format!("    {} WITH OPTIONS{options}", fact.text("name"))),
            );
        } else if inherits.is_none() || !fact.has("inherited") {
            body.push(format!("    {}", column::definition(ctx, fact)));
        }
    }
    for (at, fact) in ctx.parts(table).filter(|(_, f)| f.key.kind == Kind::Constraint) {
        if ctx.inline.contains(&at) {
            body.push(format!("    CONSTRAINT {} {}", fact.text("name"), fact.text("definition")));
        }
    }
    let words = match (table.has("foreign"), table.has("persistence")) {
        (true, _) => "CREATE FOREIGN TABLE",
        (_, true) => "CREATE UNLOGGED TABLE",
        _ => "CREATE TABLE",
    };
    let mut sql = format!("{words} {name}");
    if let Some(of) = table.get("of_type") {
        sql += &format!(" OF {of}");
    }
    if !body.is_empty() || !typed {
        sql += &format!(" (\n{}\n)", body.join(",\n"));
    }
    if let Some(parents) = inherits {
        sql += &format!("\nINHERITS ({})", parents.replace('\n', ", "));
    }
    if let Some(by) = table.get("partition_key") {
        sql += &format!("\nPARTITION BY {by}");
    }
    if let Some(method) = table.get("access_method") {
        sql += &format!("\nUSING {method}");
    }
    if let Some(lines) = ordered(table) {
        sql += &format!("\nWITH ({})", options(lines));
    }
    if let Some(space) = table.get("tablespace") {
        sql += &format!("\nTABLESPACE {space}");
    }
    if let Some(server) = table.get("server") {
        sql += &format!("\nSERVER {server}");
        if let Some(pairs) = table.get("fdw_options") {
            sql += &format!(" OPTIONS ({})", pairs.replace('\t', " ").replace('\n', ", "));
        }
    }
    let mut statements = vec![Statement::new(sql)];
    for (_, fact) in &columns {
        statements.extend(column::after_create(ctx, fact, inherits.is_some()));
    }
    statements.extend(flags(None, table));
    statements
}

/// Row-level security and replica identity.
fn flags(old: Option<&Fact<'_>>, new: &Fact) -> Vec<Statement> {
    let name = &new.key.name;
    let had = |attr: &str| old.is_some_and(|f| f.has(attr));
    let mut statements = Vec::new();
    for (attr, on, off) in [
        ("row_security", "ENABLE ROW LEVEL SECURITY", "DISABLE ROW LEVEL SECURITY"),
        ("force_row_security", "FORCE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"),
    ] {
        if had(attr) != new.has(attr) {
            let word = if new.has(attr) { on } else { off };
            let mut statement = Statement::new(format!("ALTER TABLE {name} {word}"));
            if old.is_some() {
                statement = statement.exclusive(name).hazard(
                    HazardKind::Authorisation,
                    name,
                    "row-level security changes",
                );
            }
            statements.push(statement);
        }
    }
    if old.and_then(|f| f.get("replica_identity")) != new.get("replica_identity") {
        let identity = new.get("replica_identity").unwrap_or("default").to_uppercase();
        let mut statement = Statement::new(format!("ALTER TABLE ONLY {name} REPLICA IDENTITY {identity}"));
        if old.is_some() {
            statement = statement.exclusive(name);
        }
        statements.push(statement);
    }
    statements
}

pub(super) fn drop(ctx: &Context<'_>, table: &Fact) -> Vec<Statement> {
    let name = &table.key.name;
    let word = if table.has("foreign") { "FOREIGN TABLE" } else { "TABLE" };
    let mut drop = Statement::new(format!("DROP {word} {name}")).exclusive(name);
    drop = if table.has("foreign") {
        drop.hazard(HazardKind::BreaksClients, name, "the foreign table is gone")
    } else {
        drop.hazard(HazardKind::DataLoss, name, "every row is deleted").hazard(
            HazardKind::BreaksClients,
            name,
            "the table is gone",
        )
    };
    match ctx.old.fact(Kind::Partition, name).filter(|p| ctx.new.fact(Kind::Table, p.text("of")).is_some()) {
        Some(partition) if partition::leaves_quietly(ctx, &partition) => {
            vec![partition::detach_concurrently(&partition), drop.at(Stage::Finish)]
        }
        Some(partition) => vec![drop.exclusive(partition.text("of"))],
        None => vec![drop],
    }
}

pub(super) fn change(old: &Fact, new: &Fact) -> Verdict {
    let name = &new.key.name;
    let word = if new.has("foreign") { "ALTER FOREIGN TABLE" } else { "ALTER TABLE" };
    let mut statements = Vec::new();
    for attr in differing(old, new) {
        match attr {
            "persistence" => {
                let logged = if new.has("persistence") { "UNLOGGED" } else { "LOGGED" };
                let statement = Statement::new(format!("ALTER TABLE {name} SET {logged}")).exclusive(name);
                statements.push(statement.hazard(
                    HazardKind::TableRewrite,
                    name,
                    "the table is written anew",
                ));
            }
            "options" => statements.extend(
                change_options(&format!("{word} {name}"), ordered(old), ordered(new))
                    .into_iter()
                    .map(|s| s.lock(name, LockMode::ShareUpdateExclusive)),
            ),
            "row_security" | "force_row_security" | "replica_identity" => {}
            "tablespace" => {
                let space = new.get(attr).unwrap_or("pg_default");
                let statement =
                    Statement::new(format!("ALTER TABLE {name} SET TABLESPACE {space}")).exclusive(name);
                statements.push(statement.hazard(HazardKind::TableRewrite, name, "the table is copied"));
            }
            "access_method" => {
                let method = new.get(attr).unwrap_or("heap");
                let statement =
                    Statement::new(format!("ALTER TABLE {name} SET ACCESS METHOD {method}")).exclusive(name);
                statements.push(statement.hazard(
                    HazardKind::TableRewrite,
                    name,
                    "the table is written anew",
                ));
            }
            "inherits" => {
                let (before, after) = (lines(old.get(attr)), lines(new.get(attr)));
                let kept = before.iter().filter(|p| after.contains(p));
                let reached: Vec<&str> =
                    kept.chain(after.iter().filter(|p| !before.contains(p))).copied().collect();
                if reached != after {
                    let reason = "PostgreSQL keeps the parents of a table in the order in which they came";
                    return Verdict::Refuse(reason.to_owned());
                }
                for parent in before.iter().filter(|p| !after.contains(p)) {
                    statements.push(
                        Statement::new(format!("ALTER TABLE {name} NO INHERIT {parent}")).exclusive(name),
                    );
                }
            }
            "of_type" => {
                statements.push(
                    Statement::new(match new.get(attr) {
                        Some(of) => format!("ALTER TABLE {name} OF {of}"),
                        None => format!("ALTER TABLE {name} NOT OF"),
                    })
                    .exclusive(name),
                );
            }
            "fdw_options" => {
                let options = fdw_options(old.get(attr), new.get(attr));
                statements.push(Statement::new(format!("{word} {name} OPTIONS ({options})")));
            }
            "is_partition" => {}
            "partition_key" => {
                return Verdict::Refuse("PostgreSQL cannot change how an existing table is partitioned; make a new table and move the rows".to_owned());
            }
            "server" if old.has("foreign") && new.has("foreign") => return Verdict::Replace,
            "foreign" | "server" => {
                return Verdict::Refuse(
                    "a table cannot become a foreign table, nor the other way round, without being dropped"
                        .to_owned(),
                );
            }
            other => return Verdict::Refuse(format!("its {} cannot be changed", other.replace('_', " "))),
        }
    }
    statements.extend(flags(Some(old), new));
    Verdict::Alter(statements)
}

/// The statements that give an existing table its new parents, once it has their columns.
pub(in crate::schema) fn inherit(old: &Fact, new: &Fact) -> Vec<Statement> {
    let (name, before) = (&new.key.name, lines(old.get("inherits")));
    let after = lines(new.get("inherits")).into_iter().filter(|p| !before.contains(p));
    after
        .map(|parent| {
            Statement::new(format!("ALTER TABLE {name} INHERIT {parent}")).exclusive(name).exclusive(parent)
        })
        .collect()
}

/// `ADD`, `SET` and `DROP` for options of foreign objects, one `name<tab>literal` a line.
pub(super) fn fdw_options(old: Option<&str>, new: Option<&str>) -> String {
    let (old, new) = (lines(old), lines(new));
    let name = |line: &str| line.split('\t').next().unwrap_or(line).to_owned();
    let mut words = Vec::new();
    for line in &new {
        let known = old.iter().find(|o| name(o) == name(line));
        match known {
            Some(before) if before == line => {}
            Some(_) => words.push(format!("SET {}", line.replacen('\t', " ", 1))),
            None => words.push(format!("ADD {}", line.replacen('\t', " ", 1))),
        }
    }
    words.extend(
        old.iter().filter(|o| !new.iter().any(|n| name(n) == name(o))).map(|o| format!("DROP {}", name(o))),
    );
    words.join(", ")
}
