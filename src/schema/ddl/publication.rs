//! Statements for publications.

use super::context::AlterStrategy;
use super::sql::{differing, parent};
use crate::schema::model::{Attr, Kind, Object};
use crate::schema::statement::{LockMode, Statement};
use crate::sql::quote_literal;

pub(super) fn create(object: &Object) -> Vec<Statement> {
    vec![match object.key.kind {
        Kind::Publication => {
            let all = if object.has(Attr::AllTables) { " FOR ALL TABLES" } else { "" };
            Statement::new(format!("CREATE PUBLICATION {}{all} WITH ({})", object.key.name, settings(object)))
        }
        Kind::PublicationTable => {
            let table = object.text(Attr::Table);
            Statement::new(format!("ALTER PUBLICATION {} ADD TABLE {}", parent(object), member(object)))
                .lock(table, LockMode::ShareUpdateExclusive)
        }
        _ => Statement::new(format!(
            "ALTER PUBLICATION {} ADD TABLES IN SCHEMA {}",
            parent(object),
            object.text(Attr::Schema)
        )),
    }]
}

fn member(object: &Object) -> String {
    let columns = object.get(Attr::Columns).map(|c| format!(" ({c})")).unwrap_or_default();
    let filter = object.get(Attr::Where).map(|w| format!(" WHERE ({w})")).unwrap_or_default();
    format!("ONLY {}{columns}{filter}", object.text(Attr::Table))
}

fn settings(object: &Object) -> String {
    let root = if object.has(Attr::ViaRoot) { "true" } else { "false" };
    let mut sql = format!(
        "publish = {}, publish_via_partition_root = {root}",
        quote_literal(object.text(Attr::Publish))
    );
    sql += &object
        .get(Attr::PublishGeneratedColumns)
        .map(|v| format!(", publish_generated_columns = {v}"))
        .unwrap_or_default();
    sql
}

pub(super) fn drop(object: &Object) -> Vec<Statement> {
    vec![Statement::new(match object.key.kind {
        Kind::PublicationTable => {
            format!("ALTER PUBLICATION {} DROP TABLE ONLY {}", parent(object), object.text(Attr::Table))
        }
        _ => format!(
            "ALTER PUBLICATION {} DROP TABLES IN SCHEMA {}",
            parent(object),
            object.text(Attr::Schema)
        ),
    })]
}

pub(super) fn change(old: &Object, new: &Object) -> AlterStrategy {
    if new.key.kind != Kind::Publication || differing(old, new).contains(&Attr::AllTables) {
        return AlterStrategy::Replace;
    }
    let reset = match old.has(Attr::PublishGeneratedColumns) && !new.has(Attr::PublishGeneratedColumns) {
        true => ", publish_generated_columns = none",
        false => "",
    };
    let sql = format!("ALTER PUBLICATION {} SET ({}{reset})", new.key.name, settings(new));
    AlterStrategy::Alter(vec![Statement::new(sql)])
}
