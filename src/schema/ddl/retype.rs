//! Changes of the type of a column.

use super::context::Context;
use super::sql::{alter, parent};
use crate::schema::hazard::HazardKind;
use crate::schema::model::{Attr, Kind, Name, Object, Schema};
use crate::schema::statement::Statement;

/// Changes the type of a column, with an explicit `USING` where PostgreSQL has no implicit conversion.
pub(in crate::schema) fn retype(ctx: &Context<'_>, old: &Object, new: &Object) -> Statement {
    let table = parent(new);
    let (before, after) = (old.text(Attr::Type), new.text(Attr::Type));
    let mut sql = alter(new, &format!("TYPE {after}"));
    if let Some(collation) = new.get(Attr::Collation) {
        sql += &format!(" COLLATE {collation}");
    }
    let free = no_rewrite(before, after);
    let relabeled = no_rewrite(&beneath(ctx.old, before), &beneath(ctx.new, after));
    let quick = free || relabeled && !is_constrained(ctx.new, after);
    let name = new.text(Attr::Name);
    let computed = new.has(Attr::Generated) || new.has(Attr::GeneratedVirtual);
    if !free && !computed && ctx.old_children.foreign_below(table).is_none() {
        sql += &format!(" USING {}", converted(ctx, name, before, after));
    }
    let mut statement = Statement::new(sql).exclusive(table);
    if quick && !free {
        let changed = format!("column {name} has another type");
        statement = statement.hazard(HazardKind::BreaksClients, table, changed);
    } else if !free {
        statement =
            statement.hazard(HazardKind::TableRewrite, table, format!("column {name} becomes {after}"));
        if !takes_every_value(before, after) {
            let refused = format!("values that are no {after} are refused");
            statement = statement.hazard(HazardKind::MayFailOnData, table, refused);
        }
        statement =
            statement.hazard(HazardKind::BreaksClients, table, format!("column {name} has another type"));
    }
    statement
}

/// Whether PostgreSQL converts values by an assignment, without an expression.
pub(super) fn is_assignable(before: &str, after: &str) -> bool {
    let numbers = ["smallint", "integer", "bigint", "numeric", "real", "double precision"];
    let times = ["date", "timestamp without time zone", "timestamp with time zone"];
    let (one, other) = (base(before).0, base(after).0);
    let both = |family: &[&str]| family.contains(&one.as_str()) && family.contains(&other.as_str());
    one == other || is_text(&other) || both(&numbers) || both(&times) || takes_every_value(before, after)
}

/// Whether a type is a domain that does not take every value of its base type.
pub(super) fn is_constrained(schema: &Schema, of: &str) -> bool {
    let Some(domain) = schema.object(Kind::Domain, of) else { return false };
    let checks = schema.objects.since(Name::new(Kind::DomainConstraint, of));
    let mut checks =
        checks.take_while(|(_, f)| f.key.kind == Kind::DomainConstraint && f.key.name.starts_with(of));
    domain.has(Attr::NotNull)
        || checks.any(|(_, check)| check.parent == Some(domain.key))
        || is_constrained(schema, domain.text(Attr::Type))
}

/// The base type of a domain, through domains over domains.
fn beneath(schema: &Schema, of: &str) -> String {
    match schema.object(Kind::Domain, of) {
        Some(domain) => beneath(schema, domain.text(Attr::Type)),
        None => of.to_owned(),
    }
}

/// The expression that converts a value of the old type to the new type.
fn converted(ctx: &Context<'_>, name: &str, before: &str, after: &str) -> String {
    let element = after.strip_suffix("[]").filter(|_| !before.ends_with("[]"));
    match element {
        // A scalar that is not text becomes the only element of the array.
        Some(element) if !is_text(&base(before).0) && castable(ctx, before, element) => {
            format!("CASE WHEN {name} IS NOT NULL THEN ARRAY[{name}]::{after} END")
        }
        _ if castable(ctx, before, after) => format!("{name}::{after}"),
        _ => format!("{name}::text::{after}"),
    }
}

/// Splits a type into its name and its modifier. Brackets in a quoted name belong to the name.
pub(in crate::schema) fn base(of: &str) -> (String, Option<String>) {
    let unquoted = of.rfind('"').map_or(0, |quote| quote + 1);
    let (head, tail) = of.split_at(unquoted);
    let modified = tail.split_once('(').and_then(|(name, rest)| Some((name, rest.split_once(')')?)));
    match modified {
        Some((name, (modifier, rest))) => (format!("{head}{name}{rest}"), Some(modifier.to_owned())),
        None => (of.to_owned(), None),
    }
}

fn number(text: &Option<String>) -> Option<u32> {
    text.as_ref().and_then(|t| t.parse().ok())
}

/// Whether PostgreSQL changes the type without touching a row.
fn no_rewrite(before: &str, after: &str) -> bool {
    if before == after {
        return true;
    }
    let ((one, from), (other, to)) = (base(before), base(after));
    if one.ends_with("[]") || other.ends_with("[]") {
        return false;
    }
    if one == other {
        return match (one.as_str(), number(&from), number(&to)) {
            ("character varying" | "bit varying", Some(a), Some(b)) => b >= a,
            (moment, Some(a), Some(b)) if moment.starts_with("time") || moment == "interval" => b >= a,
            ("numeric", None, None) => match (
                from.as_deref().and_then(|t| t.split_once(',')),
                to.as_deref().and_then(|t| t.split_once(',')),
            ) {
                (Some((p1, s1)), Some((p2, s2))) => {
                    s1 == s2 && p2.parse::<u32>().ok() >= p1.parse::<u32>().ok()
                }
                (Some(_), None) => to.is_none(),
                _ => false,
            },
            (_, _, None) => to.is_none(),
            _ => false,
        };
    }
    matches!(
        (one.as_str(), other.as_str(), to.is_none()),
        ("character varying", "text", true) | ("text", "character varying", true) | ("cidr", "inet", true)
    )
}

/// Whether the second type accepts every value of the first.
fn takes_every_value(before: &str, after: &str) -> bool {
    let ((one, from), (other, to)) = (base(before), base(after));
    let numbers = ["smallint", "integer", "bigint", "numeric", "double precision"];
    let rank = |of: &str| numbers.iter().position(|n| *n == of);
    let wider = rank(&one).zip(rank(&other)).is_some_and(|(a, b)| a < b);
    match (one.as_str(), other.as_str()) {
        (_, "text") => true,
        (_, "character varying") => to.is_none(),
        ("real", "double precision") | ("json", "jsonb") | ("date", "timestamp without time zone") => true,
        ("timestamp without time zone", "timestamp with time zone")
        | ("timestamp with time zone", "timestamp without time zone") => true,
        _ if one == other => number(&from).zip(number(&to)).is_some_and(|(a, b)| a <= b),
        _ => wider && to.is_none() && other != "double precision",
    }
}

fn is_text(of: &str) -> bool {
    matches!(of, "text" | "character varying" | "character" | "name")
}

fn castable(ctx: &Context<'_>, before: &str, after: &str) -> bool {
    let (one, other) = (base(before).0, base(after).0);
    let element = |t: &str| t.strip_suffix("[]").map(str::to_owned);
    one == other
        || is_text(&one)
        || is_text(&other)
        || ctx.old.origin.casts.contains(&format!("{one} > {other}"))
        || element(&one).zip(element(&other)).is_some_and(|(a, b)| castable(ctx, &a, &b))
        || ctx.new.object(Kind::Domain, &other).is_some_and(|d| castable(ctx, &one, d.text(Attr::Type)))
        || ctx.old.object(Kind::Domain, &one).is_some_and(|d| castable(ctx, d.text(Attr::Type), &other))
}

#[cfg(test)]
mod tests {
    use super::{base, no_rewrite, takes_every_value};

    #[test]
    fn only_a_modifier_is_left_off() {
        assert_eq!(
            base("timestamp(3) with time zone"),
            ("timestamp with time zone".into(), Some("3".into()))
        );
        for whole in ["text", "public.\"a)(b\"", "public.\"a(b)\"", "x)(y"] {
            assert_eq!(base(whole), (whole.into(), None));
        }
    }

    #[test]
    fn a_wider_limit_touches_no_row() {
        for (before, after) in [
            ("character varying(10)", "character varying(20)"),
            ("character varying(10)", "text"),
            ("numeric(5,2)", "numeric(8,2)"),
            ("numeric(5,2)", "numeric"),
            ("timestamp(3) with time zone", "timestamp(6) with time zone"),
            ("timestamp(0) without time zone", "timestamp without time zone"),
        ] {
            assert!(no_rewrite(before, after), "{before} to {after}");
        }
    }

    #[test]
    fn everything_else_rewrites_the_table() {
        for (before, after) in [
            ("character varying(20)", "character varying(10)"),
            ("character varying(20)[]", "character varying[]"),
            ("numeric(5,2)", "numeric(8,3)"),
            ("timestamp(6) with time zone", "timestamp(3) with time zone"),
            ("integer", "bigint"),
        ] {
            assert!(!no_rewrite(before, after), "{before} to {after}");
        }
    }

    #[test]
    fn a_wider_type_refuses_no_value() {
        assert!(takes_every_value("integer", "bigint"));
        assert!(takes_every_value("integer", "numeric"));
        assert!(takes_every_value("uuid", "text"));
        assert!(!takes_every_value("bigint", "integer"));
        assert!(!takes_every_value("integer", "numeric(5,2)"));
        assert!(!takes_every_value("text", "character varying(5)"));
    }
}
