//! Statements for functions, aggregates, triggers, rules, event triggers, languages and policies.

use super::context::AlterStrategy;
use super::sql::{differing, lines, parent};
use crate::schema::hazard::HazardKind;
use crate::schema::model::{Attr, Kind, Object, Policy, Routine, Schema};
use crate::schema::statement::{LockMode, Phase, Statement};
use crate::sql::{bracket, clause, quote_literal, split_list};

pub(super) fn create(object: &Object) -> Vec<Statement> {
    let name = &object.key.name;
    let table = parent(object);
    match object.key.kind {
        Kind::Function => vec![Statement::new(object.text(Attr::Definition).trim_end())],
        Kind::Aggregate => vec![Statement::new(aggregate(object))],
        Kind::Trigger if object.has(Attr::ParentTriggers) => vec![fires(object, object.get(Attr::Enabled))],
        Kind::Trigger => {
            let mut statements =
                vec![Statement::new(object.text(Attr::Definition)).lock(table, LockMode::ShareRowExclusive)];
            statements.extend(enabled(None, object));
            statements
        }
        Kind::Rule => {
            let mut statements = vec![Statement::new(object.text(Attr::Definition)).exclusive(table)];
            statements.extend(enabled(None, object));
            statements
        }
        Kind::EventTrigger => {
            let tags = object.get(Attr::Tags).map(|t| format!(" WHEN TAG IN ({t})")).unwrap_or_default();
            let sql = format!(
                "CREATE EVENT TRIGGER {name} ON {}{tags} EXECUTE FUNCTION {}()",
                object.text(Attr::Event),
                object.text(Attr::Function)
            );
            let mut statements = vec![Statement::new(sql).at(Phase::CreateEventTriggers)];
            statements.extend(enabled(None, object));
            statements
        }
        Kind::Language => {
            let trusted = if object.has(Attr::Trusted) { "TRUSTED " } else { "" };
            let mut sql = format!("CREATE {trusted}LANGUAGE {name} HANDLER {}", object.text(Attr::Handler));
            sql += &object.get(Attr::Inline).map(|f| format!(" INLINE {f}")).unwrap_or_default();
            sql += &object.get(Attr::Validator).map(|f| format!(" VALIDATOR {f}")).unwrap_or_default();
            vec![Statement::new(sql)]
        }
        _ => vec![policy(table, Policy::new(object))],
    }
}

fn policy(table: &str, policy: Policy<'_>) -> Statement {
    let restrictive = if policy.is_restrictive() { " AS RESTRICTIVE" } else { "" };
    let mut sql = format!(
        "CREATE POLICY {} ON {table}{restrictive} FOR {} TO {}",
        policy.name(),
        policy.command(),
        policy.roles()
    );
    sql += &policy.using().map(|e| format!(" USING ({e})")).unwrap_or_default();
    sql += &policy.with_check().map(|e| format!(" WITH CHECK ({e})")).unwrap_or_default();
    Statement::new(sql).exclusive(table).hazard(HazardKind::Authorization, table, "a policy is added")
}

/// Whether a trigger or rule fires; `old` is nothing when it was just created and fires as usual.
fn enabled(old: Option<&Object<'_>>, new: &Object) -> Option<Statement> {
    if old.and_then(|f| f.get(Attr::Enabled)) == new.get(Attr::Enabled) {
        return None;
    }
    let statement = fires(new, new.get(Attr::Enabled));
    let off = new.get(Attr::Enabled) == Some("disabled") && old.is_some();
    Some(match new.key.kind {
        Kind::EventTrigger => {
            statement.at(if off { Phase::DropEventTriggers } else { Phase::CreateEventTriggers })
        }
        _ => statement,
    })
}

/// The statement that sets the firing mode of an object.
fn fires(object: &Object, when: Option<&str>) -> Statement {
    let word = match when {
        Some("disabled") => "DISABLE",
        Some("replica") => "ENABLE REPLICA",
        Some("always") => "ENABLE ALWAYS",
        _ => "ENABLE",
    };
    let (table, name) = (parent(object), object.text(Attr::Name));
    match object.key.kind {
        Kind::EventTrigger => Statement::new(format!("ALTER EVENT TRIGGER {name} {word}")),
        Kind::Rule => Statement::new(format!("ALTER TABLE {table} {word} RULE {name}")).exclusive(table),
        _ => Statement::new(format!("ALTER TABLE {table} {word} TRIGGER {name}"))
            .lock(table, LockMode::ShareRowExclusive),
    }
}

/// Gives the trigger of a partition the firing mode of the parent's trigger.
pub(super) fn as_above(schema: &Schema, object: &Object) -> Statement {
    let above = lines(object.get(Attr::ParentTriggers))
        .into_iter()
        .find_map(|name| schema.object(Kind::Trigger, name));
    fires(object, above.and_then(|trigger| trigger.get(Attr::Enabled)))
}

fn aggregate(object: &Object) -> String {
    let name = &object.key.name[..bracket(object.key.name).unwrap_or(object.key.name.len())];
    let arguments = match object.text(Attr::Arguments) {
        "" => "*",
        arguments => arguments,
    };
    let mut options = vec![
        format!("SFUNC = {}", object.text(Attr::Sfunc)),
        format!("STYPE = {}", object.text(Attr::Stype)),
    ];
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
        let Some(value) = object.get(attr) else { continue };
        let word = attr.keyword();
        options.push(match attr {
            Attr::FinalfuncExtra | Attr::MfinalfuncExtra => word,
            Attr::FinalfuncModify | Attr::MfinalfuncModify => format!("{word} = {}", modify(value)),
            Attr::Initcond | Attr::Minitcond => format!("{word} = {}", quote_literal(value)),
            Attr::Parallel => format!("PARALLEL = {}", value.to_uppercase()),
            _ => format!("{word} = {value}"),
        });
    }
    if object.get(Attr::Type) == Some("hypothetical") {
        options.push("HYPOTHETICAL".to_owned());
    }
    format!("CREATE AGGREGATE {name}({arguments}) (\n    {}\n)", options.join(",\n    "))
}

pub(super) fn change(old: &Object, new: &Object) -> AlterStrategy {
    let table = parent(new);
    match new.key.kind {
        Kind::Function => change_function(old, new),
        Kind::EventTrigger if differing(old, new) == [Attr::Enabled] => {
            AlterStrategy::Alter(enabled(Some(old), new).into_iter().collect())
        }
        Kind::Aggregate if replaceable(old, new) => {
            let sql = aggregate(new).replacen("CREATE", "CREATE OR REPLACE", 1);
            AlterStrategy::Alter(vec![Statement::new(sql)])
        }
        Kind::Trigger | Kind::Rule => {
            if old.get(Attr::Definition) == new.get(Attr::Definition) {
                // Setting the mode recurses to partitions, whose own modes must then be set again.
                return AlterStrategy::Retype(enabled(Some(old), new).into_iter().collect());
            }
            if old.has(Attr::ConstraintTrigger)
                || new.has(Attr::ConstraintTrigger)
                || old.has(Attr::ParentTriggers)
                || new.has(Attr::ParentTriggers)
            {
                return AlterStrategy::Replace;
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
            AlterStrategy::Retype(statements)
        }
        Kind::Policy => change_policy(old, new),
        _ => AlterStrategy::Replace,
    }
}

/// `CREATE OR REPLACE` keeps the kind, the arguments and the result of an aggregate.
fn replaceable(old: &Object, new: &Object) -> bool {
    [Attr::Type, Attr::Arguments, Attr::Result].iter().all(|attr| old.get(*attr) == new.get(*attr))
}

/// `CREATE OR REPLACE` keeps the result, the names of parameters and the defaults that are there.
fn change_function(old: &Object, new: &Object) -> AlterStrategy {
    let name = &new.key.name;
    let (old, new) = (Routine::new(old), Routine::new(new));
    let after = new.argument_names();
    let lost = |(at, name): (usize, &'_ str)| !name.is_empty() && after.get(at) != Some(&name);
    let renamed = old.argument_names().into_iter().enumerate().any(lost);
    let defaults = |routine: Routine<'_>| routine.default_count().parse::<u32>().unwrap_or_default();
    if renamed
        || defaults(new) < defaults(old)
        || old.kind() != new.kind()
        || old.result() != new.result()
        || modes(old) != modes(new)
    {
        return AlterStrategy::Replace;
    }
    let mut statement = Statement::new(new.definition().trim_end());
    let definer = |routine: Routine<'_>| clause(routine.definition(), "SECURITY DEFINER").is_some();
    if definer(old) != definer(new) {
        statement =
            statement.hazard(HazardKind::Authorization, name, "it runs with the rights of another role");
    }
    AlterStrategy::Alter(vec![statement])
}

/// The parameters that `CREATE OR REPLACE` cannot change: output parameters with names and types, and the presence of
/// `VARIADIC`.
fn modes(routine: Routine<'_>) -> Vec<&str> {
    let parameters = split_list(routine.identity_arguments()).into_iter();
    parameters
        .filter_map(|parameter| match parameter.split(' ').next() {
            Some("OUT" | "INOUT") => Some(parameter),
            Some(word @ "VARIADIC") => Some(word),
            _ => None,
        })
        .collect()
}

fn change_policy(old: &Object, new: &Object) -> AlterStrategy {
    let table = parent(new);
    let (before, after) = (Policy::new(old), Policy::new(new));
    if before.is_restrictive() != after.is_restrictive()
        || before.command() != after.command()
        || before.using().is_some() && after.using().is_none()
        || before.with_check().is_some() && after.with_check().is_none()
    {
        return AlterStrategy::Replace;
    }
    let mut sql = format!("ALTER POLICY {} ON {table}", after.name());
    for attr in differing(old, new) {
        sql += &match attr {
            Attr::Roles => format!(" TO {}", new.text(attr)),
            Attr::Using => format!(" USING ({})", new.text(attr)),
            _ => format!(" WITH CHECK ({})", new.text(attr)),
        };
    }
    AlterStrategy::Alter(vec![Statement::new(sql).exclusive(table).hazard(
        HazardKind::Authorization,
        table,
        "a policy changes",
    )])
}
