//! Publications.

use super::{Verdict, differing, literal, parent};
use crate::schema::model::{Attr, Fact, Kind};
use crate::schema::statement::{LockMode, Statement};

pub(super) fn create(fact: &Fact) -> Vec<Statement> {
    vec![match fact.key.kind {
        Kind::Publication => {
            let all = if fact.has(Attr::AllTables) { " FOR ALL TABLES" } else { "" };
            Statement::new(format!("CREATE PUBLICATION {}{all} WITH ({})", fact.key.name, settings(fact)))
        }
        Kind::PublicationTable => {
            let table = fact.text(Attr::Table);
            Statement::new(format!("ALTER PUBLICATION {} ADD TABLE {}", parent(fact), member(fact)))
                .lock(table, LockMode::ShareUpdateExclusive)
        }
        _ => Statement::new(format!(
            "ALTER PUBLICATION {} ADD TABLES IN SCHEMA {}",
            parent(fact),
            fact.text(Attr::Schema)
        )),
    }]
}

fn member(fact: &Fact) -> String {
    let columns = fact.get(Attr::Columns).map(|c| format!(" ({c})")).unwrap_or_default();
    let filter = fact.get(Attr::Where).map(|w| format!(" WHERE ({w})")).unwrap_or_default();
    format!("ONLY {}{columns}{filter}", fact.text(Attr::Table))
}

fn settings(fact: &Fact) -> String {
    let root = if fact.has(Attr::ViaRoot) { "true" } else { "false" };
    let mut sql =
        format!("publish = {}, publish_via_partition_root = {root}", literal(fact.text(Attr::Publish)));
    sql += &fact
        .get(Attr::PublishGeneratedColumns)
        .map(|v| format!(", publish_generated_columns = {v}"))
        .unwrap_or_default();
    sql
}

pub(super) fn drop(fact: &Fact) -> Vec<Statement> {
    vec![Statement::new(match fact.key.kind {
        Kind::PublicationTable => {
            format!("ALTER PUBLICATION {} DROP TABLE ONLY {}", parent(fact), fact.text(Attr::Table))
        }
        _ => format!("ALTER PUBLICATION {} DROP TABLES IN SCHEMA {}", parent(fact), fact.text(Attr::Schema)),
    })]
}

pub(super) fn change(old: &Fact, new: &Fact) -> Verdict {
    if new.key.kind != Kind::Publication || differing(old, new).contains(&Attr::AllTables) {
        return Verdict::Replace;
    }
    let reset = match old.has(Attr::PublishGeneratedColumns) && !new.has(Attr::PublishGeneratedColumns) {
        true => ", publish_generated_columns = none",
        false => "",
    };
    let sql = format!("ALTER PUBLICATION {} SET ({}{reset})", new.key.name, settings(new));
    Verdict::Alter(vec![Statement::new(sql)])
}
