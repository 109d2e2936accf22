//! Operators, their classes and families, casts and access methods.

use super::{Verdict, differing, lines};
use crate::schema::model::{Attr, Fact, Kind};
use crate::schema::statement::Statement;

pub(super) fn create(fact: &Fact) -> Vec<Statement> {
    let name = &fact.key.name;
    let sql = match fact.key.kind {
        Kind::Operator => operator(fact),
        Kind::Cast => {
            let context =
                fact.get(Attr::Context).map(|c| format!(" AS {}", c.to_uppercase())).unwrap_or_default();
            format!("CREATE CAST {name} {}{context}", fact.text(Attr::Method))
        }
        Kind::AccessMethod => {
            let of = if fact.text(Attr::Type) == "t" { "TABLE" } else { "INDEX" };
            format!("CREATE ACCESS METHOD {name} TYPE {of} HANDLER {}", fact.text(Attr::Handler))
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
            let default = if fact.has(Attr::Default) { " DEFAULT" } else { "" };
            let mut members = members(fact);
            members.extend(fact.get(Attr::Storage).map(|t| format!("STORAGE {t}")));
            if members.is_empty() {
                members.push(format!("STORAGE {}", fact.text(Attr::Type)));
            }
            format!(
                "CREATE OPERATOR CLASS {class}{default} FOR TYPE {} USING {} FAMILY {} AS\n    {}",
                fact.text(Attr::Type),
                fact.text(Attr::Method),
                fact.text(Attr::Family),
                members.join(",\n    ")
            )
        }
    };
    vec![Statement::new(sql)]
}

fn members(fact: &Fact) -> Vec<String> {
    let all = lines(fact.get(Attr::Operators)).into_iter().chain(lines(fact.get(Attr::Functions)));
    all.map(str::to_owned).collect()
}

fn operator(fact: &Fact) -> String {
    let mut words = vec![format!("FUNCTION = {}", fact.text(Attr::Function))];
    for attr in [Attr::Leftarg, Attr::Rightarg, Attr::Commutator, Attr::Negator, Attr::Restrict, Attr::Join] {
        words.extend(fact.get(attr).map(|v| format!("{} = {v}", attr.keyword())));
    }
    words.extend(fact.has(Attr::Hashes).then(|| "HASHES".to_owned()));
    words.extend(fact.has(Attr::Merges).then(|| "MERGES".to_owned()));
    format!("CREATE OPERATOR {} (\n    {}\n)", fact.text(Attr::Name), words.join(",\n    "))
}

pub(super) fn change(old: &Fact, new: &Fact) -> Verdict {
    let name = &new.key.name;
    if new.key.kind == Kind::OperatorFamily {
        return Verdict::Alter(change_family(name, old, new));
    }
    let changes = differing(old, new);
    if !changes.iter().all(|attr| matches!(attr, Attr::Restrict | Attr::Join)) {
        return Verdict::Replace;
    }
    let set = |attr: &Attr| format!("{} = {}", attr.keyword(), new.get(*attr).unwrap_or("NONE"));
    let words: Vec<String> = changes.iter().map(set).collect();
    Verdict::Alter(vec![Statement::new(format!("ALTER OPERATOR {name} SET ({})", words.join(", ")))])
}

fn change_family(name: &str, old: &Fact, new: &Fact) -> Vec<Statement> {
    let (before, after) = (members(old), members(new));
    let gone: Vec<String> = before.iter().filter(|m| !after.contains(m)).map(|m| place(m)).collect();
    let come: Vec<&str> = after.iter().filter(|m| !before.contains(m)).map(String::as_str).collect();
    let mut statements = Vec::new();
    if !gone.is_empty() {
        let sql = format!("ALTER OPERATOR FAMILY {name} DROP\n    {}", gone.join(",\n    "));
        statements.push(Statement::new(sql));
    }
    if !come.is_empty() {
        let sql = format!("ALTER OPERATOR FAMILY {name} ADD\n    {}", come.join(",\n    "));
        statements.push(Statement::new(sql));
    }
    statements
}

/// `OPERATOR 1 (integer, bigint)` of `OPERATOR 1 <(integer,bigint)`: what tells a member of a family from the others.
fn place(member: &str) -> String {
    let mut words = member.splitn(3, ' ');
    let (what, number, rest) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let types = match what {
        "FUNCTION" => rest.split_once(')').map_or(rest, |(types, _)| types).trim_start_matches('('),
        _ => {
            let operator = rest.split_once(" FOR ORDER BY ").map_or(rest, |(operator, _)| operator);
            operator.rsplit_once('(').map_or("", |(_, types)| types).trim_end_matches(')')
        }
    };
    format!("{what} {number} ({types})")
}
