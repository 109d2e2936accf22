//! Statements for operators, their classes and families, casts and access methods.

use super::context::AlterStrategy;
use super::sql::{differing, lines};
use crate::schema::model::{Attr, Kind, Object};
use crate::schema::statement::Statement;
use crate::sql::{bracketed_lists, clause};

pub(super) fn create(object: &Object) -> Vec<Statement> {
    let name = &object.key.name;
    let sql = match object.key.kind {
        Kind::Operator => operator(object),
        Kind::Cast => {
            let context =
                object.get(Attr::Context).map(|c| format!(" AS {}", c.to_uppercase())).unwrap_or_default();
            format!("CREATE CAST {name} {}{context}", object.text(Attr::Method))
        }
        Kind::AccessMethod => {
            let of = if object.text(Attr::Type) == "t" { "TABLE" } else { "INDEX" };
            format!("CREATE ACCESS METHOD {name} TYPE {of} HANDLER {}", object.text(Attr::Handler))
        }
        Kind::OperatorFamily => {
            let mut statements = vec![Statement::new(format!("CREATE OPERATOR FAMILY {name}"))];
            let members = members(object);
            if !members.is_empty() {
                statements.push(Statement::new(format!(
                    "ALTER OPERATOR FAMILY {name} ADD\n    {}",
                    members.join(",\n    ")
                )));
            }
            return statements;
        }
        _ => {
            let class = clause(name, "USING").map_or(*name, |place| name[..place.start].trim_end());
            let default = if object.has(Attr::Default) { " DEFAULT" } else { "" };
            let mut members = members(object);
            members.extend(object.get(Attr::Storage).map(|t| format!("STORAGE {t}")));
            if members.is_empty() {
                members.push(format!("STORAGE {}", object.text(Attr::Type)));
            }
            format!(
                "CREATE OPERATOR CLASS {class}{default} FOR TYPE {} USING {} FAMILY {} AS\n    {}",
                object.text(Attr::Type),
                object.text(Attr::Method),
                object.text(Attr::Family),
                members.join(",\n    ")
            )
        }
    };
    vec![Statement::new(sql)]
}

fn members(object: &Object) -> Vec<String> {
    let all = lines(object.get(Attr::Operators)).into_iter().chain(lines(object.get(Attr::Functions)));
    all.map(str::to_owned).collect()
}

fn operator(object: &Object) -> String {
    let mut options = vec![format!("FUNCTION = {}", object.text(Attr::Function))];
    for attr in [Attr::Leftarg, Attr::Rightarg, Attr::Commutator, Attr::Negator, Attr::Restrict, Attr::Join] {
        options.extend(object.get(attr).map(|v| format!("{} = {v}", attr.keyword())));
    }
    options.extend(object.has(Attr::Hashes).then(|| "HASHES".to_owned()));
    options.extend(object.has(Attr::Merges).then(|| "MERGES".to_owned()));
    format!("CREATE OPERATOR {} (\n    {}\n)", object.text(Attr::Name), options.join(",\n    "))
}

pub(super) fn change(old: &Object, new: &Object) -> AlterStrategy {
    let name = &new.key.name;
    if new.key.kind == Kind::OperatorFamily {
        return AlterStrategy::Alter(change_family(name, old, new));
    }
    let changes = differing(old, new);
    if !changes.iter().all(|attr| matches!(attr, Attr::Restrict | Attr::Join)) {
        return AlterStrategy::Replace;
    }
    let set = |attr: &Attr| format!("{} = {}", attr.keyword(), new.get(*attr).unwrap_or("NONE"));
    let options: Vec<String> = changes.iter().map(set).collect();
    AlterStrategy::Alter(vec![Statement::new(format!("ALTER OPERATOR {name} SET ({})", options.join(", ")))])
}

fn change_family(name: &str, old: &Object, new: &Object) -> Vec<Statement> {
    let (before, after) = (members(old), members(new));
    let gone: Vec<String> = before.iter().filter(|m| !after.contains(m)).map(|m| without_object(m)).collect();
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

/// The identity of a member within a family: `OPERATOR 1 (integer, bigint)` of `OPERATOR 1 <(integer,bigint)`.
fn without_object(member: &str) -> String {
    let mut parts = member.splitn(3, ' ');
    let (what, number, rest) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let types = bracketed_lists(rest).first().copied().unwrap_or_default();
    format!("{what} {number} ({types})")
}

#[cfg(test)]
mod tests {
    use super::without_object;

    #[test]
    fn a_member_of_a_family_is_told_by_its_number_and_types() {
        assert_eq!(without_object("OPERATOR 1 <(integer,bigint)"), "OPERATOR 1 (integer,bigint)");
        assert_eq!(
            without_object("OPERATOR 2 s.<->(point,s.\"a(\") FOR ORDER BY s.\"f(\""),
            "OPERATOR 2 (point,s.\"a(\")"
        );
        assert_eq!(
            without_object("FUNCTION 1 (s.\"b)\", integer) f(integer)"),
            "FUNCTION 1 (s.\"b)\", integer)"
        );
    }
}
