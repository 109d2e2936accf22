//! Functions, aggregates, triggers, rules, event triggers, languages and policies.

use super::{Verdict, differing, lines, literal, parent};
use crate::schema::model::{Fact, Kind, Schema};
use crate::schema::statement::{HazardKind, LockMode, Stage, Statement};

pub(super) fn create(fact: &Fact) -> Vec<Statement> {
    let name = &fact.key.name;
    let table = parent(fact);
    match fact.key.kind {
        Kind::Function => vec![Statement::new(fact.text("definition").trim_end())],
        Kind::Aggregate => vec![Statement::new(aggregate(fact))],
        Kind::Trigger if fact.has("above") => vec![fires(fact, fact.get("enabled"))],
        Kind::Trigger => {
            let mut statements =
                vec![Statement::new(fact.text("definition")).lock(table, LockMode::ShareRowExclusive)];
            statements.extend(enabled(None, fact));
            statements
        }
        Kind::Rule => {
            let mut statements = vec![Statement::new(fact.text("definition")).exclusive(table)];
            statements.extend(enabled(None, fact));
            statements
        }
        Kind::EventTrigger => {
            let tags = fact.get("tags").map(|t| format!(" WHEN TAG IN ({t})")).unwrap_or_default();
            let sql = format!(
                "CREATE EVENT TRIGGER {name} ON {}{tags} EXECUTE FUNCTION {}()",
                fact.text("event"),
                fact.text("function")
            );
            let mut statements = vec![Statement::new(sql).at(Stage::Arm)];
            statements.extend(enabled(None, fact));
            statements
        }
        Kind::Language => {
            let trusted = if fact.has("trusted") { "TRUSTED " } else { "" };
            let mut sql = format!("CREATE {trusted}LANGUAGE {name} HANDLER {}", fact.text("handler"));
            sql += &fact.get("inline").map(|f| format!(" INLINE {f}")).unwrap_or_default();
            sql += &fact.get("validator").map(|f| format!(" VALIDATOR {f}")).unwrap_or_default();
            vec![Statement::new(sql)]
        }
        _ => vec![policy(fact)],
    }
}

fn policy(fact: &Fact) -> Statement {
    let table = parent(fact);
    let restrictive = if fact.has("restrictive") { " AS RESTRICTIVE" } else { "" };
    let mut sql = format!(
        "CREATE POLICY {} ON {table}{restrictive} FOR {} TO {}",
        fact.text("name"),
        fact.text("command"),
        fact.text("roles")
    );
    sql += &fact.get("using").map(|e| format!(" USING ({e})")).unwrap_or_default();
    sql += &fact.get("with_check").map(|e| format!(" WITH CHECK ({e})")).unwrap_or_default();
    Statement::new(sql).exclusive(table).hazard(HazardKind::Authorisation, table, "a policy is added")
}

/// Whether a trigger or rule fires; `old` is nothing when it was just created and fires as usual.
fn enabled(old: Option<&Fact<'_>>, new: &Fact) -> Option<Statement> {
    if old.and_then(|f| f.get("enabled")) == new.get("enabled") {
        return None;
    }
    let statement = fires(new, new.get("enabled"));
    let off = new.get("enabled") == Some("disabled") && old.is_some();
    Some(match new.key.kind {
        Kind::EventTrigger => statement.at(if off { Stage::Disarm } else { Stage::Arm }),
        _ => statement,
    })
}

/// Says when something fires.
fn fires(fact: &Fact, when: Option<&str>) -> Statement {
    let word = match when {
        Some("disabled") => "DISABLE",
        Some("replica") => "ENABLE REPLICA",
        Some("always") => "ENABLE ALWAYS",
        _ => "ENABLE",
    };
    let (table, name) = (parent(fact), fact.text("name"));
    match fact.key.kind {
        Kind::EventTrigger => Statement::new(format!("ALTER EVENT TRIGGER {name} {word}")),
        Kind::Rule => Statement::new(format!("ALTER TABLE {table} {word} RULE {name}")).exclusive(table),
        _ => Statement::new(format!("ALTER TABLE {table} {word} TRIGGER {name}"))
            .lock(table, LockMode::ShareRowExclusive),
    }
}

/// A trigger of a partition fires as that of the table above does.
pub(super) fn as_above(schema: &Schema, fact: &Fact) -> Statement {
    let above = lines(fact.get("above")).into_iter().find_map(|name| schema.fact(Kind::Trigger, name));
    fires(fact, above.and_then(|trigger| trigger.get("enabled")))
}

fn aggregate(fact: &Fact) -> String {
    let (name, _) = fact.key.name.split_once('(').unwrap_or((fact.key.name, ""));
    let arguments = match fact.text("arguments") {
        "" => "*",
        arguments => arguments,
    };
    let mut words =
        vec![format!("SFUNC = {}", fact.text("sfunc")), format!("STYPE = {}", fact.text("stype"))];
    let modify = |letter: &str| match letter {
        "s" => "SHAREABLE",
        "w" => "READ_WRITE",
        _ => "READ_ONLY",
    };
    for attr in [
        "sspace",
        "finalfunc",
        "finalfunc_extra",
        "finalfunc_modify",
        "combinefunc",
        "serialfunc",
        "deserialfunc",
        "initcond",
        "msfunc",
        "minvfunc",
        "mstype",
        "msspace",
        "mfinalfunc",
        "mfinalfunc_extra",
        "mfinalfunc_modify",
        "minitcond",
        "sortop",
        "parallel",
    ] {
        let Some(value) = fact.get(attr) else { continue };
        let word = attr.to_uppercase();
        words.push(match attr {
            "finalfunc_extra" | "mfinalfunc_extra" => word,
            "finalfunc_modify" | "mfinalfunc_modify" => format!("{word} = {}", modify(value)),
            "initcond" | "minitcond" => format!("{word} = {}", literal(value)),
            "parallel" => format!("PARALLEL = {}", value.to_uppercase()),
            _ => format!("{word} = {value}"),
        });
    }
    if fact.get("type") == Some("hypothetical") {
        words.push("HYPOTHETICAL".to_owned());
    }
    format!("CREATE AGGREGATE {name}({arguments}) (\n    {}\n)", words.join(",\n    "))
}

pub(super) fn change(old: &Fact, new: &Fact) -> Verdict {
    let table = parent(new);
    match new.key.kind {
        Kind::Function => change_function(old, new),
        Kind::EventTrigger if differing(old, new) == ["enabled"] => {
            Verdict::Alter(enabled(Some(old), new).into_iter().collect())
        }
        Kind::Aggregate if replaceable(old, new) => {
            let sql = aggregate(new).replacen("CREATE", "CREATE OR REPLACE", 1);
            Verdict::Alter(vec![Statement::new(sql)])
        }
        Kind::Trigger | Kind::Rule => {
            if old.get("definition") == new.get("definition") {
                // What a partition does otherwise it does no longer.
                return Verdict::Retype(enabled(Some(old), new).into_iter().collect());
            }
            if old.has("@constraint") || new.has("@constraint") || old.has("above") || new.has("above") {
                return Verdict::Replace;
            }
            let (word, lock) = match new.key.kind {
                Kind::Trigger => ("CREATE TRIGGER", LockMode::ShareRowExclusive),
                _ => ("CREATE RULE", LockMode::AccessExclusive),
            };
            let sql =
                new.text("definition").replacen(word, &word.replacen("CREATE", "CREATE OR REPLACE", 1), 1);
            let mut statements = vec![Statement::new(sql).lock(table, lock)];
            // A replaced trigger fires as usual; a replaced rule keeps its state.
            let before = if new.key.kind == Kind::Trigger { None } else { Some(old) };
            statements.extend(enabled(before, new));
            Verdict::Retype(statements)
        }
        Kind::Policy => change_policy(old, new),
        _ => Verdict::Replace,
    }
}

/// `CREATE OR REPLACE` keeps the kind, the arguments and the result of an aggregate.
fn replaceable(old: &Fact, new: &Fact) -> bool {
    ["type", "arguments", "@result"].iter().all(|attr| old.get(attr) == new.get(attr))
}

/// `CREATE OR REPLACE` keeps the result, the names of parameters and the defaults that are there.
fn change_function(old: &Fact, new: &Fact) -> Verdict {
    let (before, after) = (lines(old.get("@names")), lines(new.get("@names")));
    let renamed = before.iter().enumerate().any(|(at, name)| !name.is_empty() && after.get(at) != Some(name));
    let defaults = |f: &Fact| f.text("@defaults").parse::<u32>().unwrap_or_default();
    let same = |attr: &str| old.get(attr) == new.get(attr);
    if renamed
        || defaults(new) < defaults(old)
        || !same("type")
        || !same("@result")
        || modes(old) != modes(new)
    {
        return Verdict::Replace;
    }
    let name = &new.key.name;
    let mut statement = Statement::new(new.text("definition").trim_end());
    let definer = |f: &Fact| f.text("definition").contains("SECURITY DEFINER");
    if definer(old) != definer(new) {
        statement =
            statement.hazard(HazardKind::Authorisation, name, "it runs with the rights of another role");
    }
    Verdict::Alter(vec![statement])
}

/// The words that tell parameters for results from others.
fn modes<'a>(function: &Fact<'a>) -> Vec<&'a str> {
    function
        .text("@identity")
        .split(", ")
        .filter_map(|a| a.split(' ').next())
        .filter(|w| matches!(*w, "OUT" | "INOUT" | "VARIADIC"))
        .collect()
}

fn change_policy(old: &Fact, new: &Fact) -> Verdict {
    let table = parent(new);
    let lost = |attr: &str| old.has(attr) && !new.has(attr);
    if old.get("restrictive") != new.get("restrictive")
        || old.get("command") != new.get("command")
        || lost("using")
        || lost("with_check")
    {
        return Verdict::Replace;
    }
    let mut sql = format!("ALTER POLICY {} ON {table}", new.text("name"));
    for attr in differing(old, new) {
        sql += &match attr {
            "roles" => format!(" TO {}", new.text(attr)),
            "using" => format!(" USING ({})", new.text(attr)),
            _ => format!(" WITH CHECK ({})", new.text(attr)),
        };
    }
    Verdict::Alter(vec![Statement::new(sql).exclusive(table).hazard(
        HazardKind::Authorisation,
        table,
        "a policy changes",
    )])
}
