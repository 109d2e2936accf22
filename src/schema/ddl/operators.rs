//! Operators, their classes and families, casts and access methods.

use super::lines;
use crate::schema::model::{Fact, Kind};
use crate::schema::statement::Statement;

pub(super) fn create(fact: &Fact) -> Vec<Statement> {
    let name = &fact.key.name;
    let sql = match fact.key.kind {
        Kind::Operator => operator(fact),
        Kind::Cast => {
            let context =
                fact.get("context").map(|c| format!(" AS {}", c.to_uppercase())).unwrap_or_default();
            format!("CREATE CAST {name} {}{context}", fact.text("method"))
        }
        Kind::AccessMethod => {
            let of = if fact.text("type") == "t" { "TABLE" } else { "INDEX" };
            format!("CREATE ACCESS METHOD {name} TYPE {of} HANDLER {}", fact.text("handler"))
        }
        Kind::OperatorFamily => {
            let mut statements = vec![Statement::new(format!("CREATE OPERATOR FAMILY {name}"))];
            let members = members(fact);
            if !members.is_empty() {
                statements.push(Statement::new(format!(
                    "ALTER OPERATOR FAMILY {name} ADD\n    {}",
                    members.join(",\n    ")
                )));
            }
            return statements;
        }
        _ => {
            let (class, _) = name.split_once(" USING ").unwrap_or((name, ""));
            let default = if fact.has("default") { " DEFAULT" } else { "" };
            let mut members = members(fact);
            members.extend(fact.get("storage").map(|t| format!("STORAGE {t}")));
            if members.is_empty() {
                members.push(format!("STORAGE {}", fact.text("type")));
            }
            format!(
                "CREATE OPERATOR CLASS {class}{default} FOR TYPE {} USING {} FAMILY {} AS\n    {}",
                fact.text("type"),
                fact.text("method"),
                fact.text("family"),
                members.join(",\n    ")
            )
        }
    };
    vec![Statement::new(sql)]
}

fn members(fact: &Fact) -> Vec<String> {
    let all = lines(fact.get("operators")).into_iter().chain(lines(fact.get("functions")));
    all.map(str::to_owned).collect()
}

fn operator(fact: &Fact) -> String {
    let mut words = vec![format!("FUNCTION = {}", fact.text("function"))];
    for attr in ["leftarg", "rightarg", "commutator", "negator", "restrict", "join"] {
        words.extend(fact.get(attr).map(|v| format!("{} = {v}", attr.to_uppercase())));
    }
    words.extend(fact.has("hashes").then(|| "HASHES".to_owned()));
    words.extend(fact.has("merges").then(|| "MERGES".to_owned()));
    format!("CREATE OPERATOR {} (\n    {}\n)", fact.text("name"), words.join(",\n    "))
}
