//! Statements for schemas, extensions, sequences, views, materialized views and extended statistics.

use super::context::{AlterStrategy, Context};
use super::identity;
use super::sql::{change_options, differing, lines, options, ordered, parent, phrase};
use crate::schema::hazard::HazardKind;
use crate::schema::model::{Attr, Kind, Name, Object, Sequence};
use crate::schema::statement::{Phase, Statement};
use crate::sql::{entry, quote_literal};

pub(super) fn create(ctx: &Context<'_>, object: &Object) -> Vec<Statement> {
    let name = &object.key.name;
    match object.key.kind {
        Kind::Schema => vec![Statement::new(format!("CREATE SCHEMA {name}"))],
        Kind::Extension => {
            let version = object.get(Attr::Version).map(|v| format!(" VERSION {}", quote_literal(v)));
            vec![Statement::new(format!(
                "CREATE EXTENSION {name} WITH SCHEMA {}{}",
                object.text(Attr::Schema),
                version.unwrap_or_default()
            ))]
        }
        Kind::Statistics => {
            let mut statements = vec![Statement::new(object.text(Attr::Definition))];
            statements.extend(
                object
                    .get(Attr::Target)
                    .map(|t| Statement::new(format!("ALTER STATISTICS {name} SET STATISTICS {t}"))),
            );
            statements
        }
        Kind::Sequence => vec![Statement::new(create_sequence(name, Sequence::new(object)))],
        Kind::View => {
            vec![Statement::new(format!(
                "CREATE VIEW {name}{} AS\n{}",
                with(object),
                object.text(Attr::Definition)
            ))]
        }
        _ => create_materialized(ctx, object),
    }
}

fn with(object: &Object) -> String {
    ordered(object).map(|o| format!(" WITH ({})", options(o))).unwrap_or_default()
}

fn create_materialized(ctx: &Context<'_>, object: &Object) -> Vec<Statement> {
    let name = &object.key.name;
    let method = object.get(Attr::AccessMethod).map(|m| format!(" USING {m}")).unwrap_or_default();
    let space = object.get(Attr::Tablespace).map(|s| format!(" TABLESPACE {s}")).unwrap_or_default();
    let data = if stays_empty(ctx, object) { "\nWITH NO DATA" } else { "" };
    let definition = object.text(Attr::Definition);
    let mut statements = vec![Statement::new(format!(
        "CREATE MATERIALIZED VIEW {name}{method}{}{space} AS\n{definition}{data}",
        with(object)
    ))];
    statements.extend(column_statistics(None, object));
    statements.extend(column_storage(None, object));
    statements
}

/// Whether a materialized view stays unpopulated: an existing one keeps its state, and none can be populated from an
/// unpopulated one.
fn stays_empty(ctx: &Context<'_>, object: &Object) -> bool {
    let was = ctx.old.object(object.key.kind, object.key.name).unwrap_or(*object);
    let view = |need: &Object<'_>| matches!(need.key.kind, Kind::View | Kind::MaterializedView);
    was.has(Attr::Unpopulated)
        || object
            .needs
            .iter()
            .map(|n| ctx.new.objects.at(*n as usize))
            .filter(view)
            .any(|n| stays_empty(ctx, &n))
}

fn column_storage(old: Option<&Object<'_>>, new: &Object) -> Vec<Statement> {
    let before = lines(old.and_then(|f| f.get(Attr::Storage)));
    let (after, own) = (lines(new.get(Attr::Storage)), lines(old.and_then(|f| f.get(Attr::DefaultStorage))));
    let column = |line: &str| entry(line).0.to_owned();
    let back = own.into_iter().filter(|l| !after.iter().any(|a| column(a) == column(l)));
    let set: Vec<&str> = after.iter().copied().filter(|l| !before.contains(l)).chain(back).collect();
    set.into_iter()
        .map(|line| {
            let (column, storage) = entry(line);
            Statement::new(format!(
                "ALTER MATERIALIZED VIEW {} ALTER COLUMN {column} SET STORAGE {storage}",
                new.key.name
            ))
        })
        .collect()
}

fn column_statistics(old: Option<&Object<'_>>, new: &Object) -> Vec<Statement> {
    let (before, after) =
        (lines(old.and_then(|f| f.get(Attr::Statistics))), lines(new.get(Attr::Statistics)));
    let set = after.iter().filter(|l| !before.contains(l)).map(|l| (*l).to_owned());
    let column = |line: &str| entry(line).0.to_owned();
    let reset = before
        .iter()
        .filter(|b| !after.iter().any(|a| column(a) == column(b)))
        .map(|b| format!("{}\t-1", column(b)));
    let sql = |line: String| {
        let (column, target) = entry(&line);
        format!("ALTER MATERIALIZED VIEW {} ALTER COLUMN {column} SET STATISTICS {target}", new.key.name)
    };
    set.chain(reset).map(|line| Statement::new(sql(line))).collect()
}

fn create_sequence(name: &str, sequence: Sequence<'_>) -> String {
    let unlogged = if sequence.is_unlogged() { "UNLOGGED " } else { "" };
    let mut sql = format!("CREATE {unlogged}SEQUENCE {name}");
    if sequence.data_type() != "bigint" {
        sql += &format!(" AS {}", sequence.data_type());
    }
    sql + &format!(
        " START WITH {} INCREMENT BY {}{}{} CACHE {}{}",
        sequence.start(),
        sequence.increment(),
        sequence.least().map_or(" NO MINVALUE".to_owned(), |v| format!(" MINVALUE {v}")),
        sequence.most().map_or(" NO MAXVALUE".to_owned(), |v| format!(" MAXVALUE {v}")),
        sequence.cache(),
        if sequence.cycles() { " CYCLE" } else { "" }
    )
}

/// Makes a column own a sequence. Sequence and table must have the same owner; from then on the sequence follows the
/// owner of its table. An existing table has its new owner by now.
pub(super) fn own(ctx: &Context<'_>, object: &Object) -> Vec<Statement> {
    let (name, table) = (parent(object), object.text(Attr::Table));
    let fresh = ctx.old.object(Kind::Sequence, name).is_none();
    let was = ctx.old.object(Kind::Table, table).filter(|_| fresh);
    let role = was.and_then(|was| table_owner(ctx, table).map(|new| new.text(Attr::Role)).or(was.owner));
    let mut statements = Vec::new();
    if let Some(role) = role.filter(|role| *role != ctx.old.origin.user) {
        statements.push(Statement::new(format!("ALTER SEQUENCE {name} OWNER TO {role}")));
    }
    statements.push(Statement::new(format!("ALTER SEQUENCE {name} OWNED BY {}", object.text(Attr::Column))));
    statements
}

/// The object that records the new owner of a table, if owners are compared.
pub(in crate::schema) fn table_owner<'a>(ctx: &Context<'a>, table: &str) -> Option<Object<'a>> {
    ctx.new.object(Kind::Owner, &Name::new(Kind::Table, table).to_string())
}

pub(super) fn disown(object: &Object) -> Vec<Statement> {
    vec![Statement::new(format!("ALTER SEQUENCE {} OWNED BY NONE", parent(object)))]
}

pub(super) fn drop(object: &Object) -> Vec<Statement> {
    let name = &object.key.name;
    let statement = Statement::new(format!("DROP {}", phrase(object)));
    vec![match object.key.kind {
        Kind::Sequence => statement.exclusive(name).hazard(
            HazardKind::DataLoss,
            name,
            "the position of the sequence is lost",
        ),
        Kind::View => statement.exclusive(name).hazard(HazardKind::BreaksClients, name, "the view is gone"),
        Kind::MaterializedView => statement
            .exclusive(name)
            .hazard(HazardKind::DataLoss, name, "the stored rows are deleted")
            .hazard(HazardKind::BreaksClients, name, "the materialised view is gone"),
        Kind::Extension => {
            statement.hazard(HazardKind::BreaksClients, name, "everything in the extension is gone")
        }
        Kind::Function | Kind::Aggregate => {
            statement.hazard(HazardKind::BreaksClients, name, "the function is gone")
        }
        Kind::Policy => {
            let table = parent(object).to_owned();
            statement.exclusive(&table).hazard(HazardKind::Authorization, &table, "a policy is gone")
        }
        Kind::Trigger | Kind::Rule => {
            let table = parent(object).to_owned();
            statement.exclusive(&table)
        }
        Kind::EventTrigger => statement.at(Phase::DropEventTriggers),
        _ => statement,
    }]
}

pub(super) fn change(ctx: &Context<'_>, old: &Object, new: &Object) -> AlterStrategy {
    match new.key.kind {
        Kind::Sequence => AlterStrategy::Alter(identity::change_sequence(old, new)),
        Kind::View => change_view(old, new),
        Kind::MaterializedView => change_materialized(old, new),
        // The sequence must not be dropped with its table: the table's successor may need its names before.
        Kind::SequenceOwner if ctx.new.object(Kind::Table, old.text(Attr::Table)).is_none() => {
            AlterStrategy::Replace
        }
        Kind::SequenceOwner => AlterStrategy::Alter(own(ctx, new)),
        Kind::Statistics if old.get(Attr::Definition) == new.get(Attr::Definition) => {
            let target = new.get(Attr::Target).unwrap_or("-1");
            AlterStrategy::Alter(vec![Statement::new(format!(
                "ALTER STATISTICS {} SET STATISTICS {target}",
                new.key.name
            ))])
        }
        Kind::Extension => change_extension(ctx, old, new),
        _ => AlterStrategy::Replace,
    }
}

fn change_extension(ctx: &Context<'_>, old: &Object, new: &Object) -> AlterStrategy {
    let name = &new.key.name;
    let mut statements = Vec::new();
    if old.get(Attr::Schema) != new.get(Attr::Schema) {
        if !old.has(Attr::Relocatable) {
            return AlterStrategy::Refuse("the extension cannot be moved to another schema".to_owned());
        }
        statements
            .push(Statement::new(format!("ALTER EXTENSION {name} SET SCHEMA {}", new.text(Attr::Schema))));
    }
    if old.get(Attr::Version) != new.get(Attr::Version) {
        let wanted = new.text(Attr::Version);
        if !ctx.old.origin.available_extensions.contains(&format!("{name} {wanted}")) {
            return AlterStrategy::Refuse(format!(
                "version {wanted} is not available on the old side's server"
            ));
        }
        if !lines(old.get(Attr::UpdateTargets)).contains(&wanted) {
            let version = old.text(Attr::Version);
            return AlterStrategy::Refuse(format!(
                "the extension has no update from version {version} to {wanted}"
            ));
        }
        statements.push(Statement::new(format!("ALTER EXTENSION {name} UPDATE TO '{wanted}'")));
    }
    AlterStrategy::Alter(statements)
}

/// `CREATE OR REPLACE VIEW` may only add columns at the end.
fn change_view(old: &Object, new: &Object) -> AlterStrategy {
    let name = &new.key.name;
    if old.get(Attr::Definition) == new.get(Attr::Definition) {
        return AlterStrategy::Alter(change_options(
            &format!("ALTER VIEW {name}"),
            ordered(old),
            ordered(new),
        ));
    }
    let (before, after) = (lines(old.get(Attr::ColumnTypes)), lines(new.get(Attr::ColumnTypes)));
    if !after.starts_with(&before) {
        return AlterStrategy::Replace;
    }
    let sql = format!("CREATE OR REPLACE VIEW {name}{} AS\n{}", with(new), new.text(Attr::Definition));
    let mut statement = Statement::new(sql).exclusive(name);
    if old.get(Attr::Options) != new.get(Attr::Options) {
        statement = statement.hazard(HazardKind::Authorization, name, "the options of the view change");
    }
    AlterStrategy::Alter(vec![statement])
}

fn change_materialized(old: &Object, new: &Object) -> AlterStrategy {
    let name = &new.key.name;
    let mut statements = Vec::new();
    for attr in differing(old, new) {
        match attr {
            Attr::Options => statements.extend(change_options(
                &format!("ALTER MATERIALIZED VIEW {name}"),
                ordered(old),
                ordered(new),
            )),
            Attr::Statistics => statements.extend(column_statistics(Some(old), new)),
            Attr::Storage => statements.extend(column_storage(Some(old), new)),
            Attr::Tablespace => {
                statements.push(
                    Statement::new(format!(
                        "ALTER MATERIALIZED VIEW {name} SET TABLESPACE {}",
                        new.get(attr).unwrap_or("pg_default")
                    ))
                    .exclusive(name),
                );
            }
            Attr::AccessMethod => {
                statements.push(
                    Statement::new(format!(
                        "ALTER MATERIALIZED VIEW {name} SET ACCESS METHOD {}",
                        new.get(attr).unwrap_or("heap")
                    ))
                    .exclusive(name),
                );
            }
            _ => return AlterStrategy::Replace,
        }
    }
    AlterStrategy::Alter(statements)
}
