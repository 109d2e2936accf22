//! Statements for tables.

use std::collections::BTreeSet;

use super::context::{AlterStrategy, Context};
use super::sql::{change_options, differing, fdw_options, foreign_options, options, ordered};
use super::{column, identity, partition};
use crate::schema::hazard::HazardKind;
use crate::schema::model::{Attr, Composite, Constraint, ConstraintKind, Kind, Name, Object, Schema, Table};
use crate::schema::statement::{LockMode, Phase, Statement};

/// The reason for a refused typed table.
pub(in crate::schema) const ORDER_OF_TYPE: &str =
    "the columns of a typed table have the order of its type, which cannot be reached";

pub(super) fn create(ctx: &Context<'_>, table: &Object) -> Vec<Statement> {
    let mut columns: Vec<(usize, Object<'_>)> =
        ctx.parts(table).filter(|(_, f)| f.key.kind == Kind::Column).collect();
    columns.sort_by_key(|(_, f)| f.address.2);
    let view = Table::new(table);
    let command = match (view.is_foreign(), view.is_unlogged()) {
        (true, _) => "CREATE FOREIGN TABLE",
        (_, true) => "CREATE UNLOGGED TABLE",
        _ => "CREATE TABLE",
    };
    let mut sql = format!("{command} {}", table.key.name);
    if let Some(of) = view.of_type() {
        sql += &format!(" OF {of}");
    }
    let body = body(ctx, table, &columns);
    if !body.is_empty() || view.of_type().is_none() {
        sql += &format!(" (\n{}\n)", body.join(",\n"));
    }
    sql += &clauses(view, ordered(table));
    let mut statements = vec![Statement::new(sql)];
    for (_, object) in &columns {
        statements.extend(column::after_create(ctx, object, table.has(Attr::Inherits)));
    }
    statements.extend(flags(ctx, None, table));
    statements
}

/// The columns and constraints in the brackets of a new table.
fn body(ctx: &Context<'_>, table: &Object, columns: &[(usize, Object<'_>)]) -> Vec<String> {
    let mut body = Vec::new();
    // A generated column may have to wait for a function that reads the table.
    let inline = |at: &usize, object: &Object| !object.is_generated() || ctx.inline.contains(at);
    for (_, object) in columns.iter().filter(|(at, object)| inline(at, object)) {
        if table.has(Attr::OfType) {
            let options = column::options_of_typed(ctx, object);
            body.extend(
                (!options.is_empty())
                    .then(|| format!("    {} WITH OPTIONS{options}", object.text(Attr::Name))),
            );
        } else if !table.has(Attr::Inherits) || !object.has(Attr::Inherited) {
            body.push(format!("    {}", column::definition(ctx, object)));
        }
    }
    for (at, object) in ctx.parts(table).filter(|(_, f)| f.key.kind == Kind::Constraint) {
        if ctx.inline.contains(&at) {
            let (name, definition) = (object.text(Attr::Name), object.text(Attr::Definition));
            body.push(format!("    CONSTRAINT {name} {definition}"));
        }
    }
    body
}

/// The clauses of `CREATE TABLE` after the column list.
fn clauses(table: Table<'_>, parameters: Option<&str>) -> String {
    let parents = table.parents();
    let inherits = (!parents.is_empty()).then(|| format!("\nINHERITS ({})", parents.join(", ")));
    let server =
        table.server().map(|server| format!("\nSERVER {server}{}", foreign_options(table.foreign_options())));
    let clauses = [
        inherits,
        table.partition_key().map(|by| format!("\nPARTITION BY {by}")),
        table.access_method().map(|method| format!("\nUSING {method}")),
        parameters.map(|lines| format!("\nWITH ({})", options(lines))),
        table.tablespace().map(|space| format!("\nTABLESPACE {space}")),
        server,
    ];
    clauses.into_iter().flatten().collect()
}

/// Row-level security and replica identity.
fn flags(ctx: &Context<'_>, old: Option<&Object<'_>>, new: &Object) -> Vec<Statement> {
    let name = new.key.name;
    let had = |attr: Attr| old.is_some_and(|f| f.has(attr));
    let mut statements = Vec::new();
    for (attr, on, off) in [
        (Attr::RowSecurity, "ENABLE ROW LEVEL SECURITY", "DISABLE ROW LEVEL SECURITY"),
        (Attr::ForceRowSecurity, "FORCE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"),
    ] {
        // A new table with the rows of an old one gets it once it is filled.
        let later = attr == Attr::ForceRowSecurity && ctx.recreated.contains(name);
        if had(attr) != new.has(attr) && !later {
            let word = if new.has(attr) { on } else { off };
            let mut statement = Statement::new(format!("ALTER TABLE {name} {word}"));
            if old.is_some() {
                statement = statement.exclusive(name).hazard(
                    HazardKind::Authorization,
                    name,
                    "row-level security changes",
                );
            }
            statements.push(statement);
        }
    }
    let identity = |table: &Object<'_>| Table::new(table).replica_identity().map(str::to_uppercase);
    if old.and_then(identity) != identity(new) {
        let identity = identity(new).unwrap_or("DEFAULT".to_owned());
        let mut statement = Statement::new(format!("ALTER TABLE ONLY {name} REPLICA IDENTITY {identity}"));
        if old.is_some() {
            statement = statement.exclusive(name);
        }
        statements.push(statement);
    }
    statements
}

pub(super) fn drop(ctx: &Context<'_>, table: &Object) -> Vec<Statement> {
    let name = &table.key.name;
    let foreign = Table::new(table).is_foreign();
    let word = if foreign { "FOREIGN TABLE" } else { "TABLE" };
    let mut drop = Statement::new(format!("DROP {word} {name}")).exclusive(name);
    drop = if foreign {
        drop.hazard(HazardKind::BreaksClients, name, "the foreign table is gone")
    } else {
        drop.hazard(HazardKind::DataLoss, name, "every row is deleted").hazard(
            HazardKind::BreaksClients,
            name,
            "the table is gone",
        )
    };
    match ctx
        .old
        .object(Kind::Partition, name)
        .filter(|p| ctx.new.object(Kind::Table, p.text(Attr::ParentRelation)).is_some())
    {
        Some(partition) if partition::detaches_concurrently(ctx, &partition) => {
            vec![partition::detach_concurrently(&partition), drop.at(Phase::Finish)]
        }
        Some(partition) => vec![drop.exclusive(partition.text(Attr::ParentRelation))],
        None => vec![drop],
    }
}

pub(super) fn change(ctx: &Context<'_>, old: &Object, new: &Object) -> AlterStrategy {
    let mut statements = Vec::new();
    for attr in differing(old, new) {
        match change_attribute(ctx, old, new, attr) {
            Ok(changes) => statements.extend(changes),
            Err(strategy) => return strategy,
        }
    }
    statements.extend(flags(ctx, Some(old), new));
    AlterStrategy::Alter(statements)
}

/// The statements for one attribute, or the strategy for the whole table where there are none.
fn change_attribute(
    ctx: &Context<'_>,
    old: &Object,
    new: &Object,
    attr: Attr,
) -> Result<Vec<Statement>, AlterStrategy> {
    let refuse = |reason: &str| Err(AlterStrategy::Refuse(reason.to_owned()));
    let name = &new.key.name;
    let word = if new.has(Attr::Foreign) { "ALTER FOREIGN TABLE" } else { "ALTER TABLE" };
    let rewrite = |what: &str, why: &str| {
        let statement = Statement::new(format!("ALTER TABLE {name} SET {what}")).exclusive(name);
        Ok(vec![statement.hazard(HazardKind::TableRewrite, name, why)])
    };
    match attr {
        Attr::RowSecurity | Attr::ForceRowSecurity | Attr::ReplicaIdentity | Attr::IsPartition => {
            Ok(Vec::new())
        }
        Attr::Persistence if old.has(Attr::PartitionKey) && new.has(Attr::PartitionKey) => refuse(
            "PostgreSQL cannot change whether a partitioned table is unlogged; PlanOptions::recreate_tables plans a new \
             table and copies the rows",
        ),
        Attr::Persistence => {
            let word = if new.has(attr) { "UNLOGGED" } else { "LOGGED" };
            let mut statements = rewrite(word, "the table is written anew")?;
            statements.extend(identity::keep_persistence(ctx, new));
            Ok(statements)
        }
        Attr::Tablespace => {
            let space = new.get(attr).unwrap_or("pg_default");
            rewrite(&format!("TABLESPACE {space}"), "the table is copied")
        }
        Attr::AccessMethod => {
            // That of a partitioned table is for new partitions only, and may be none.
            let partitioned = new.has(Attr::PartitionKey);
            let method = new.get(attr).unwrap_or(if partitioned { "DEFAULT" } else { "heap" });
            let set = format!("ACCESS METHOD {method}");
            if partitioned {
                return Ok(vec![Statement::new(format!("ALTER TABLE {name} SET {set}")).exclusive(name)]);
            }
            rewrite(&set, "the table is written anew")
        }
        Attr::Options => {
            let changes = change_options(&format!("{word} {name}"), ordered(old), ordered(new));
            Ok(changes.into_iter().map(|s| s.lock(name, LockMode::ShareUpdateExclusive)).collect())
        }
        Attr::Inherits => disinherit(ctx, old, new),
        Attr::OfType if new.has(attr) && !follows_type(ctx, old, new) => refuse(ORDER_OF_TYPE),
        // The type is set last, once the table has its columns: see `join`.
        Attr::OfType if !old.has(attr) => Ok(Vec::new()),
        Attr::OfType => Ok(vec![Statement::new(format!("ALTER TABLE {name} NOT OF")).exclusive(name)]),
        Attr::FdwOptions => {
            let options = fdw_options(old.get(attr), new.get(attr));
            Ok(vec![Statement::new(format!("{word} {name} OPTIONS ({options})"))])
        }
        Attr::PartitionKey => refuse(
            "PostgreSQL cannot change how an existing table is partitioned; PlanOptions::recreate_tables plans a new \
             table and copies the rows",
        ),
        Attr::Server if old.has(Attr::Foreign) && new.has(Attr::Foreign) => Err(AlterStrategy::Replace),
        Attr::Foreign | Attr::Server => {
            refuse("a table cannot become a foreign table, nor the other way round, without being dropped")
        }
        other => refuse(&format!("its {} cannot be changed", other.alias().replace('_', " "))),
    }
}

/// Ends the inheritance from parents that are removed. New parents come last, once the table has their columns: see
/// [`join`].
fn disinherit(ctx: &Context<'_>, old: &Object, new: &Object) -> Result<Vec<Statement>, AlterStrategy> {
    let name = &new.key.name;
    let (before, after) = (Table::new(old).parents(), Table::new(new).parents());
    let kept = before.iter().filter(|p| after.contains(p));
    let reached: Vec<&str> = kept.chain(after.iter().filter(|p| !before.contains(p))).copied().collect();
    if reached != after {
        let reason = "PostgreSQL keeps the parents of a table in the order in which they came";
        return Err(AlterStrategy::Refuse(reason.to_owned()));
    }
    let exchanged = are_exchanged(ctx, old, new);
    if let Some(column) = column_of_its_own(ctx, new, &before, &after).filter(|_| !exchanged) {
        return Err(AlterStrategy::Refuse(format!(
            "column {column} would become the table's own: PostgreSQL makes none inherited only"
        )));
    }
    let gone = before.iter().filter(|p| !after.contains(p));
    let leave =
        gone.map(|parent| Statement::new(format!("ALTER TABLE {name} NO INHERIT {parent}")).exclusive(name));
    let first = if exchanged { inherit(old, new) } else { Vec::new() };
    Ok(first.into_iter().chain(leave).collect())
}

/// Whether the table can get its new parents before it leaves others, so that columns of both stay inherited only: it
/// has all that the new parents have, and neither changes.
fn are_exchanged(ctx: &Context<'_>, old: &Object, new: &Object) -> bool {
    let (before, after) = (Table::new(old).parents(), Table::new(new).parents());
    let mut come = after.iter().filter(|parent| !before.contains(parent)).peekable();
    if come.peek().is_none() || before.iter().all(|parent| after.contains(parent)) {
        return false;
    }
    let parts = |schema: &'_ Schema, table: &str| {
        let inheritable = |f: &Object<'_>| {
            f.key.kind == Kind::Column
                || Constraint::of(*f).is_some_and(|c| c.kind() == Some(ConstraintKind::Check))
        };
        let parts = schema.objects.iter().filter(|f| f.parent == Some(Name::new(Kind::Table, table)));
        let form = |f: Object<'_>| {
            let shape = [Attr::Type, Attr::Collation, Attr::NotNull, Attr::Generated, Attr::Definition];
            (f.text(Attr::Name).to_owned(), shape.map(|attr| f.get(attr).map(str::to_owned)))
        };
        parts.filter(inheritable).map(form).collect::<BTreeSet<_>>()
    };
    let own = parts(ctx.old, old.key.name);
    come.all(|parent| {
        let had = parts(ctx.old, parent);
        had == parts(ctx.new, parent) && had.is_subset(&own)
    })
}

/// The statements that give an existing table its new parents.
fn inherit(old: &Object, new: &Object) -> Vec<Statement> {
    let (name, before) = (&new.key.name, Table::new(old).parents());
    let after = Table::new(new).parents().into_iter().filter(|p| !before.contains(p));
    after
        .map(|parent| {
            Statement::new(format!("ALTER TABLE {name} INHERIT {parent}")).exclusive(name).exclusive(parent)
        })
        .collect()
}

/// A column that is inherited only on the new side, although no kept parent has it.
fn column_of_its_own<'a>(
    ctx: &Context<'a>,
    new: &Object,
    before: &[&str],
    after: &[&str],
) -> Option<&'a str> {
    let kept = |name: &str| {
        let has = |parent: &&&str| ctx.old.object(Kind::Column, &format!("{parent}.{name}")).is_some();
        before.iter().filter(|parent| after.contains(parent)).any(|parent| has(&parent))
    };
    let added = |name: &str| {
        let column =
            |schema: &'a Schema, parent: &str| schema.object(Kind::Column, &format!("{parent}.{name}"));
        let gets = |parent: &&str| column(ctx.old, parent).is_none() && column(ctx.new, parent).is_some();
        before.iter().filter(|parent| after.contains(parent)).any(gets)
    };
    let columns = ctx.parts(new).map(|(_, f)| f).filter(|f| f.key.kind == Kind::Column);
    columns
        .filter(|column| column.has(Attr::Inherited))
        .map(|column| column.text(Attr::Name))
        .find(|name| !kept(name) && !added(name))
}

/// Whether the kept and then the new columns of a typed table are in the order of its type.
pub(in crate::schema) fn follows_type(ctx: &Context<'_>, old: &Object, new: &Object) -> bool {
    let composite = Table::new(new).of_type().and_then(|of| ctx.new.object(Kind::Composite, of));
    let Some(composite) = composite else { return true };
    let attributes: Vec<&str> =
        Composite::new(&composite).attributes().into_iter().map(|(name, _)| name).collect();
    let columns = |schema: &Schema, table: &Object| {
        let columns = schema.objects.since(Name::new(Kind::Column, table.key.name));
        let columns = columns.take_while(|(_, f)| f.key.kind == Kind::Column);
        let columns = columns.take_while(|(_, f)| f.key.name.starts_with(table.key.name));
        let own = columns.filter(|(_, f)| f.parent == Some(table.key));
        let mut own: Vec<(i32, String)> =
            own.map(|(_, f)| (f.address.2, f.text(Attr::Name).to_owned())).collect();
        own.sort();
        own.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
    };
    let (before, after) = (columns(ctx.old, old), columns(ctx.new, new));
    let kept = before.iter().filter(|name| after.contains(name));
    kept.chain(after.iter().filter(|name| !before.contains(name))).eq(attributes.iter())
}

/// The statements that give an existing table its new parents or its type, once it has their columns. `detached`: the
/// table has lost its type meanwhile.
pub(in crate::schema) fn join(
    ctx: &Context<'_>,
    old: &Object,
    new: &Object,
    detached: bool,
) -> Vec<Statement> {
    let name = &new.key.name;
    let inherit = if are_exchanged(ctx, old, new) { Vec::new() } else { inherit(old, new) };
    let of = Table::new(new).of_type().filter(|of| detached || Table::new(old).of_type() != Some(*of));
    let of = of.map(|of| Statement::new(format!("ALTER TABLE {name} OF {of}")).exclusive(name));
    inherit.into_iter().chain(of).collect()
}
