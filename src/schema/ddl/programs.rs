//! Functions, aggregates, triggers, rules, event triggers, languages and policies.

use super::{Verdict, differing, lines, literal, parent};
use crate::schema::model::{Attr, Fact, Kind, Schema};
use crate::schema::statement::{HazardKind, LockMode, Stage, Statement};

pub(super) fn create(fact: &Fact) -> Vec<Statement> {
    let name = &fact.key.name;
    let table = parent(fact);
    match fact.key.kind {
        Kind::Function => vec![Statement::new(fact.text(Attr::Definition).trim_end())],
        Kind::Aggregate => vec![Statement::new(aggregate(fact))],
        Kind::Trigger if fact.has(Attr::Above) => vec![fires(fact, fact.get(Attr::Enabled))],
        Kind::Trigger => {
            let mut statements =
                vec![Statement::new(fact.text(Attr::Definition)).lock(table, LockMode::ShareRowExclusive)];
            statements.extend(enabled(None, fact));
            statements
        }
        Kind::Rule => {
            let mut statements = vec![Statement::new(fact.text(Attr::Definition)).exclusive(table)];
            statements.extend(enabled(None, fact));
            statements
        }
        Kind::EventTrigger => {
            let tags = fact.get(Attr::Tags).map(|t| format!(" WHEN TAG IN ({t})")).unwrap_or_default();
            let sql = format!(
                "CREATE EVENT TRIGGER {name} ON {}{tags} EXECUTE FUNCTION {}()",
                fact.text(Attr::Event),
                fact.text(Attr::Function)
            );
            let mut statements = vec![Statement::new(sql).at(Stage::Arm)];
            statements.extend(enabled(None, fact));
            statements
        }
        Kind::Language => {
            let trusted = if fact.has(Attr::Trusted) { "TRUSTED " } else { "" };
            let mut sql = format!("CREATE {trusted}LANGUAGE {name} HANDLER {}", fact.text(Attr::Handler));
            sql += &fact.get(Attr::Inline).map(|f| format!(" INLINE {f}")).unwrap_or_default();
            sql += &fact.get(Attr::Validator).map(|f| format!(" VALIDATOR {f}")).unwrap_or_default();
            vec![Statement::new(sql)]
        }
        _ => vec![policy(fact)],
    }
}

fn policy(fact: &Fact) -> Statement {
    let table = parent(fact);
    let restrictive = if fact.has(Attr::Restrictive) { " AS RESTRICTIVE" } else { "" };
    let mut sql = format!(
        "CREATE POLICY {} ON {table}{restrictive} FOR {} TO {}",
        fact.text(Attr::Name),
        fact.text(Attr::Command),
        fact.text(Attr::Roles)
    );
    sql += &fact.get(Attr::Using).map(|e| format!(" USING ({e})")).unwrap_or_default();
    sql += &fact.get(Attr::WithCheck).map(|e| format!(" WITH CHECK ({e})")).unwrap_or_default();
    Statement::new(sql).exclusive(table).hazard(HazardKind::Authorisation, table, "a policy is added")
}

/// Whether a trigger or rule fires; `old` is nothing when it was just created and fires as usual.
fn enabled(old: Option<&Fact<'_>>, new: &Fact) -> Option<Statement> {
    if old.and_then(|f| f.get(Attr::Enabled)) == new.get(Attr::Enabled) {
        return None;
    }
    let statement = fires(new, new.get(Attr::Enabled));
    let off = new.get(Attr::Enabled) == Some("disabled") && old.is_some();
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
    let (table, name) = (parent(fact), fact.text(Attr::Name));
    match fact.key.kind {
        Kind::EventTrigger => Statement::new(format!("ALTER EVENT TRIGGER {name} {word}")),
        Kind::Rule => Statement::new(format!("ALTER TABLE {table} {word} RULE {name}")).exclusive(table),
        _ => Statement::new(format!("ALTER TABLE {table} {word} TRIGGER {name}"))
            .lock(table, LockMode::ShareRowExclusive),
    }
}

/// A trigger of a partition fires as that of the table above does.
pub(super) fn as_above(schema: &Schema, fact: &Fact) -> Statement {
    let above = lines(fact.get(Attr::Above)).into_iter().find_map(|name| schema.fact(Kind::Trigger, name));
    fires(fact, above.and_then(|trigger| trigger.get(Attr::Enabled)))
}

fn aggregate(fact: &Fact) -> String {
    let (name, _) = fact.key.name.split_once('(').unwrap_or((fact.key.name, ""));
    let arguments = match fact.text(Attr::Arguments) {
        "" => "*",
        arguments => arguments,
    };
    let mut words =
        vec![format!("SFUNC = {}", fact.text(Attr::Sfunc)), format!("STYPE = {}", fact.text(Attr::Stype))];
    let modify = |letter: &str| match letter {
        "s" => "SHAREABLE",
        "w" => "READ_WRITE",
        _ => "READ_ONLY",
    };
    for attr in [
        Attr::Sspace,
        Attr::Finalfunc,
        Attr::FinalfuncExtra,
        Attr::FinalfuncModify,
        Attr::Combinefunc,
        Attr::Serialfunc,
        Attr::Deserialfunc,
        Attr::Initcond,
        Attr::Msfunc,
        Attr::Minvfunc,
        Attr::Mstype,
        Attr::Msspace,
        Attr::Mfinalfunc,
        Attr::MfinalfuncExtra,
        Attr::MfinalfuncModify,
        Attr::Minitcond,
        Attr::Sortop,
        Attr::Parallel,
    ] {
        let Some(value) = fact.get(attr) else { continue };
        let word = attr.keyword();
        words.push(match attr {
            Attr::FinalfuncExtra | Attr::MfinalfuncExtra => word,
            Attr::FinalfuncModify | Attr::MfinalfuncModify => format!("{word} = {}", modify(value)),
            Attr::Initcond | Attr::Minitcond => format!("{word} = {}", literal(value)),
            Attr::Parallel => format!("PARALLEL = {}", value.to_uppercase()),
            _ => format!("{word} = {value}"),
        });
    }
    if fact.get(Attr::Type) == Some("hypothetical") {
        words.push("HYPOTHETICAL".to_owned());
    }
    format!("CREATE AGGREGATE {name}({arguments}) (\n    {}\n)", words.join(",\n    "))
}

pub(super) fn change(old: &Fact, new: &Fact) -> Verdict {
    let table = parent(new);
    match new.key.kind {
        Kind::Function => change_function(old, new),
        Kind::EventTrigger if differing(old, new) == [Attr::Enabled] => {
            Verdict::Alter(enabled(Some(old), new).into_iter().collect())
        }
        Kind::Aggregate if replaceable(old, new) => {
            let sql = aggregate(new).replacen("CREATE", "CREATE OR REPLACE", 1);
            Verdict::Alter(vec![Statement::new(sql)])
        }
        Kind::Trigger | Kind::Rule => {
            if old.get(Attr::Definition) == new.get(Attr::Definition) {
                // What a partition does otherwise it does no longer.
                return Verdict::Retype(enabled(Some(old), new).into_iter().collect());
            }
            if old.has(Attr::ConstraintTrigger)
                || new.has(Attr::ConstraintTrigger)
                || old.has(Attr::Above)
                || new.has(Attr::Above)
            {
                return Verdict::Replace;
            }
            let (word, lock) = match new.key.kind {
                Kind::Trigger => ("CREATE TRIGGER", LockMode::ShareRowExclusive),
                _ => ("CREATE RULE", LockMode::AccessExclusive),
            };
            let sql = new.text(Attr::Definition).replacen(
                word,
                &word.replacen("CREATE", "CREATE OR REPLACE", 1),
                1,
            );
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
    [Attr::Type, Attr::Arguments, Attr::Result].iter().all(|attr| old.get(*attr) == new.get(*attr))
}

/// `CREATE OR REPLACE` keeps the result, the names of parameters and the defaults that are there.
fn change_function(old: &Fact, new: &Fact) -> Verdict {
    let (before, after) = (lines(old.get(Attr::ArgumentNames)), lines(new.get(Attr::ArgumentNames)));
    let renamed = before.iter().enumerate().any(|(at, name)| !name.is_empty() && after.get(at) != Some(name));
    let defaults = |f: &Fact| f.text(Attr::DefaultCount).parse::<u32>().unwrap_or_default();
    let same = |attr: Attr| old.get(attr) == new.get(attr);
    if renamed
        || defaults(new) < defaults(old)
        || !same(Attr::Type)
        || !same(Attr::Result)
        || modes(old) != modes(new)
    {
        return Verdict::Replace;
    }
    let name = &new.key.name;
    let mut statement = Statement::new(new.text(Attr::Definition).trim_end());
    let definer = |f: &Fact| f.text(Attr::Definition).contains("SECURITY DEFINER");
    if definer(old) != definer(new) {
        statement =
            statement.hazard(HazardKind::Authorisation, name, "it runs with the rights of another role");
    }
    Verdict::Alter(vec![statement])
}

/// The words that tell parameters for results from others.
fn modes<'a>(function: &Fact<'a>) -> Vec<&'a str> {
    function
        .text(Attr::IdentityArguments)
        .split(", ")
        .filter_map(|a| a.split(' ').next())
        .filter(|w| matches!(*w, "OUT" | "INOUT" | "VARIADIC"))
        .collect()
}

fn change_policy(old: &Fact, new: &Fact) -> Verdict {
    let table = parent(new);
    let lost = |attr: Attr| old.has(attr) && !new.has(attr);
    if old.get(Attr::Restrictive) != new.get(Attr::Restrictive)
        || old.get(Attr::Command) != new.get(Attr::Command)
        || lost(Attr::Using)
        || lost(Attr::WithCheck)
    {
        return Verdict::Replace;
    }
    let mut sql = format!("ALTER POLICY {} ON {table}", new.text(Attr::Name));
    for attr in differing(old, new) {
        sql += &match attr {
            Attr::Roles => format!(" TO {}", new.text(attr)),
            Attr::Using => format!(" USING ({})", new.text(attr)),
            _ => format!(" WITH CHECK ({})", new.text(attr)),
        };
    }
    Verdict::Alter(vec![Statement::new(sql).exclusive(table).hazard(
        HazardKind::Authorisation,
        table,
        "a policy changes",
    )])
}
