//! Statements for enums, domains, composite types, ranges and collations.

use super::context::{AlterStrategy, Context};
use super::not_null;
use super::sql::{differing, parent};
use crate::schema::hazard::HazardKind;
use crate::schema::model::{Attr, Composite, Enum, Kind, Object};
use crate::schema::statement::{Phase, Statement};
use crate::sql::quote_literal;

pub(super) fn create(ctx: &Context<'_>, object: &Object) -> Vec<Statement> {
    let name = &object.key.name;
    let sql = match object.key.kind {
        Kind::Enum => {
            format!("CREATE TYPE {name} AS ENUM ({})", Enum::new(object).labels().join(", "))
        }
        Kind::Composite => {
            let attributes = Composite::new(object).attributes().into_iter();
            let attributes: Vec<String> = attributes.map(|(name, of)| format!("{name} {of}")).collect();
            format!("CREATE TYPE {name} AS ({})", attributes.join(", "))
        }
        Kind::Domain => {
            let mut sql = format!("CREATE DOMAIN {name} AS {}", object.text(Attr::Type));
            sql += &object.get(Attr::Collation).map(|c| format!(" COLLATE {c}")).unwrap_or_default();
            sql += &domain_default(object).map(|d| format!(" DEFAULT {d}")).unwrap_or_default();
            sql += &object.get(Attr::NotNullConstraint).map(|c| format!(" {c}")).unwrap_or_default();
            sql += if object.has(Attr::NotNull) { " NOT NULL" } else { "" };
            let comment = object.get(Attr::NotNullComment).map(|_| comment_on_not_null(object));
            return std::iter::once(Statement::new(sql)).chain(comment).collect();
        }
        Kind::DomainConstraint => return add_domain_constraint(ctx, object),
        Kind::Range => {
            let mut sql = format!("CREATE TYPE {name} AS RANGE (subtype = {}", object.text(Attr::Subtype));
            for (attr, word) in [
                (Attr::Multirange, "multirange_type_name"),
                (Attr::SubtypeOpclass, "subtype_opclass"),
                (Attr::Collation, "collation"),
                (Attr::Canonical, "canonical"),
                (Attr::SubtypeDiff, "subtype_diff"),
            ] {
                sql += &object.get(attr).map(|v| format!(", {word} = {v}")).unwrap_or_default();
            }
            sql + ")"
        }
        _ => {
            let mut sql = format!("CREATE COLLATION {name} (provider = {}", object.text(Attr::Provider));
            for attr in [Attr::Locale, Attr::LcCollate, Attr::LcCtype, Attr::Rules] {
                sql +=
                    &object.get(attr).map(|v| format!(", {attr} = {}", quote_literal(v))).unwrap_or_default();
            }
            sql + if object.has(Attr::Nondeterministic) { ", deterministic = false)" } else { ")" }
        }
    };
    vec![Statement::new(sql)]
}

fn add_domain_constraint(ctx: &Context<'_>, object: &Object) -> Vec<Statement> {
    let (domain, name) = (parent(object), object.text(Attr::Name));
    let add = format!("ALTER DOMAIN {domain} ADD CONSTRAINT {name} {}", object.text(Attr::Definition));
    let fresh = ctx.old.object(Kind::Domain, domain).is_none() || ctx.is_fresh(domain);
    // PostgreSQL cannot check values that contain the domain, so this must run before any column uses it.
    let list = format!("{domain}[]");
    let at = ctx.new.object(Kind::Domain, domain).and_then(|f| ctx.new.find(f.key));
    let contains = |f: Object<'_>| match f.key.kind {
        Kind::Composite => at.is_some_and(|at| f.needs.contains(&(at as u32))),
        Kind::Column => f.text(Attr::Type) == list,
        _ => false,
    };
    let inside = ctx.new.objects.iter().any(contains);
    if fresh || inside || !ctx.online || add.ends_with("NOT VALID") {
        return vec![Statement::new(add)];
    }
    vec![
        Statement::new(format!("{add} NOT VALID")),
        Statement::new(format!("ALTER DOMAIN {domain} VALIDATE CONSTRAINT {name}"))
            .hazard(HazardKind::MayFailOnData, domain, "values that do not fit are refused")
            .at(Phase::Validate),
    ]
}

fn domain_default(object: &Object) -> Option<String> {
    object.get(Attr::Default).map(str::to_owned).or_else(|| object.get(Attr::DefaultText).map(str::to_owned))
}

pub(super) fn change(ctx: &Context<'_>, old: &Object, new: &Object) -> AlterStrategy {
    match new.key.kind {
        Kind::Enum => change_enum(ctx, old, new),
        Kind::Domain => change_domain(old, new),
        _ => change_composite(ctx, old, new),
    }
}

/// The name that a label or attribute of a type has after the renames that the plan begins with.
fn current<'n>(ctx: &'n Context<'_>, of: &Object, name: &'n str) -> &'n str {
    let renames = ctx.members.get(&of.key.to_key()).into_iter().flatten();
    renames.filter(|(before, _)| before == name).map(|(_, after)| after.as_str()).next().unwrap_or(name)
}

fn change_enum(ctx: &Context<'_>, old: &Object, new: &Object) -> AlterStrategy {
    let name = &new.key.name;
    let labels = Enum::new(old).labels().into_iter();
    let before: Vec<&str> = labels.map(|label| current(ctx, old, label)).collect();
    let after = Enum::new(new).labels();
    let kept: Vec<&&str> = after.iter().filter(|l| before.contains(l)).collect();
    if kept.len() == before.len() && kept.iter().zip(&before).all(|(a, b)| **a == *b) {
        return AlterStrategy::Alter(add_values(name, &before, &after));
    }
    let disjoint =
        before.iter().zip(&after).all(|(b, a)| a == b || (!before.contains(a) && !after.contains(b)));
    if before.len() == after.len() && disjoint {
        let renamed = before.iter().zip(&after).filter(|(b, a)| a != b);
        let statement = |(b, a): (&&str, &&str)| {
            Statement::new(format!("ALTER TYPE {name} RENAME VALUE {b} TO {a}")).hazard(
                HazardKind::BreaksClients,
                name,
                format!("{b} is called {a}"),
            )
        };
        return AlterStrategy::Alter(renamed.map(statement).collect());
    }
    AlterStrategy::Replace
}

fn add_values(name: &str, before: &[&str], after: &[&str]) -> Vec<Statement> {
    let mut statements = Vec::new();
    for (at, label) in after.iter().enumerate().filter(|(_, l)| !before.contains(l)) {
        let place = match (at, after[at + 1..].iter().find(|l| before.contains(l))) {
            (_, None) => String::new(),
            (0, Some(next)) => format!(" BEFORE {next}"),
            _ => format!(" AFTER {}", after[at - 1]),
        };
        statements
            .push(Statement::new(format!("ALTER TYPE {name} ADD VALUE {label}{place}")).at(Phase::Early));
    }
    statements
}

/// The name of the not-null constraint of a domain.
fn not_null_name(domain: &Object) -> String {
    let own = domain.get(Attr::NotNullConstraint).and_then(|text| text.strip_prefix("CONSTRAINT "));
    own.map_or_else(|| not_null::default_name_of_domain(domain.text(Attr::Name)), str::to_owned)
}

fn comment_on_not_null(domain: &Object) -> Statement {
    let text = domain.get(Attr::NotNullComment).map_or("NULL".to_owned(), quote_literal);
    let name = not_null_name(domain);
    Statement::new(format!("COMMENT ON CONSTRAINT {name} ON DOMAIN {} IS {text}", domain.key.name))
}

fn change_domain(old: &Object, new: &Object) -> AlterStrategy {
    let name = &new.key.name;
    let mut statements = Vec::new();
    for attr in differing(old, new) {
        match attr {
            Attr::Default => statements.push(Statement::new(match domain_default(new) {
                Some(default) => format!("ALTER DOMAIN {name} SET DEFAULT {default}"),
                None => format!("ALTER DOMAIN {name} DROP DEFAULT"),
            })),
            Attr::DefaultText => {}
            Attr::NotNull if new.has(Attr::NotNull) => statements.push(
                Statement::new(match new.get(Attr::NotNullConstraint) {
                    Some(named) => format!("ALTER DOMAIN {name} ADD {named} NOT NULL"),
                    None => format!("ALTER DOMAIN {name} SET NOT NULL"),
                })
                .hazard(HazardKind::ScanUnderLock, name, "every column of the domain is checked")
                .hazard(HazardKind::MayFailOnData, name, "empty values are refused"),
            ),
            Attr::NotNull => statements.push(Statement::new(format!("ALTER DOMAIN {name} DROP NOT NULL"))),
            Attr::NotNullConstraint if !(old.has(Attr::NotNull) && new.has(Attr::NotNull)) => {}
            Attr::NotNullConstraint => {
                let (before, after) = (not_null_name(old), not_null_name(new));
                statements.push(Statement::new(format!(
                    "ALTER DOMAIN {name} RENAME CONSTRAINT {before} TO {after}"
                )));
            }
            Attr::NotNullComment => {}
            _ => return AlterStrategy::Replace,
        }
    }
    if new.has(Attr::NotNull) && old.get(Attr::NotNullComment) != new.get(Attr::NotNullComment) {
        statements.push(comment_on_not_null(new));
    }
    AlterStrategy::Alter(statements)
}

/// Attributes can be added and dropped in place as long as the new ones are last.
fn change_composite(ctx: &Context<'_>, old: &Object, new: &Object) -> AlterStrategy {
    let name = &new.key.name;
    let attributes = Composite::new(old).attributes().into_iter();
    let before: Vec<(&str, &str)> =
        attributes.map(|(attribute, of)| (current(ctx, old, attribute), of)).collect();
    let after = Composite::new(new).attributes();
    if before == after {
        return AlterStrategy::Alter(Vec::new());
    }
    let has = |list: &[(&str, &str)], name: &str| list.iter().any(|(n, _)| *n == name);
    let kept = before.iter().filter(|(n, _)| has(&after, n));
    let reached = kept.chain(after.iter().filter(|(n, _)| !has(&before, n))).map(|(n, _)| n);
    if !reached.eq(after.iter().map(|(n, _)| n)) {
        return AlterStrategy::Replace;
    }
    let mut statements = Vec::new();
    for (attribute, _) in before.iter().filter(|(n, _)| !has(&after, n)) {
        statements.push(Statement::new(format!("ALTER TYPE {name} DROP ATTRIBUTE {attribute}")).hazard(
            HazardKind::DataLoss,
            name,
            format!("values of attribute {attribute} are lost"),
        ));
    }
    let mut retyped = false;
    for (attribute, of) in &after {
        match before.iter().find(|(n, _)| n == attribute) {
            Some((_, was)) if was == of => {}
            Some(_) => {
                retyped = true;
                statements
                    .push(Statement::new(format!("ALTER TYPE {name} ALTER ATTRIBUTE {attribute} TYPE {of}")));
            }
            None => {
                statements.push(Statement::new(format!("ALTER TYPE {name} ADD ATTRIBUTE {attribute} {of}")))
            }
        }
    }
    if retyped { AlterStrategy::Retype(statements) } else { AlterStrategy::Alter(statements) }
}
