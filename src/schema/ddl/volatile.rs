//! Defaults that are evaluated for each row, so that adding a column with one rewrites the table.

use super::context::Context;
use crate::schema::model::{Attr, Kind, Object};
use crate::sql::{Token, TokenKind, bracket, clause, significant};

/// Volatile functions of `pg_catalog` in PostgreSQL 15 to 18 that return a value. Names that begin with [`PREFIXES`]
/// count as volatile too.
const FUNCTIONS: [&str; 26] = [
    "array_sample",
    "array_shuffle",
    "clock_timestamp",
    "current_query",
    "currval",
    "cursor_to_xml",
    "cursor_to_xmlschema",
    "gen_random_uuid",
    "lastval",
    "loread",
    "lowrite",
    "nextval",
    "query_to_xml",
    "query_to_xml_and_xmlschema",
    "query_to_xmlschema",
    "random",
    "random_normal",
    "set_config",
    "setseed",
    "setval",
    "timeofday",
    "ts_rewrite",
    "ts_stat",
    "txid_status",
    "uuidv4",
    "uuidv7",
];

const PREFIXES: [&str; 2] = ["pg_", "lo_"];

/// Stable and immutable functions with such a prefix that defaults are likely to call.
const STABLE: [&str; 8] = [
    "pg_backend_pid",
    "pg_client_encoding",
    "pg_current_xact_id",
    "pg_get_userbyid",
    "pg_my_temp_schema",
    "pg_postmaster_start_time",
    "pg_size_pretty",
    "pg_typeof",
];

/// Whether the value may differ from row to row. An expression that cannot be tokenized, and a function that is not
/// in the schema because an extension owns it, count as volatile.
pub(super) fn is_volatile(ctx: &Context<'_>, default: &Object) -> bool {
    let Ok(tokens) = significant(default.text(Attr::Expression)) else { return true };
    let functions: Vec<Object<'_>> = needed(ctx, default);
    calls(&tokens).any(|call| match call {
        Call::Builtin(name) => {
            let prefixed = PREFIXES.iter().any(|prefix| name.starts_with(prefix)) && !STABLE.contains(&name);
            prefixed || FUNCTIONS.contains(&name)
        }
        Call::Qualified(name) => {
            let called = |f: &&Object<'_>| bracket(f.key.name).is_some_and(|at| f.key.name[..at] == *name);
            let mut known = functions.iter().filter(called).peekable();
            known.peek().is_none() || known.any(has_volatile_mark)
        }
        Call::Operator => true,
    })
}

/// The functions of the schema that the default depends on.
fn needed<'a>(ctx: &Context<'a>, default: &Object<'a>) -> Vec<Object<'a>> {
    let needs = default.needs.iter().map(|at| ctx.new.objects.at(*at as usize));
    needs.filter(|need| need.key.kind == Kind::Function).collect()
}

/// `VOLATILE` is the default and never part of the deparsed definition.
fn has_volatile_mark(function: &Object<'_>) -> bool {
    let definition = function.text(Attr::Definition);
    ["IMMUTABLE", "STABLE"].iter().all(|mark| clause(definition, mark).is_none())
}

enum Call<'a> {
    /// A function that needs no schema: one of `pg_catalog`.
    Builtin(&'a str),
    /// `schema.function`, as it is printed.
    Qualified(String),
    /// `OPERATOR(schema.sign)`.
    Operator,
}

/// Names with an opening bracket right behind them, save those of types after a cast: `::numeric(10,2)`.
fn calls<'a>(tokens: &'a [Token<'a>]) -> impl Iterator<Item = Call<'a>> {
    let at = move |place: Option<usize>| place.and_then(|place| tokens.get(place));
    let adjacent = |one: &Token<'_>, next: &Token<'_>| one.end() == next.start;
    tokens.iter().enumerate().filter_map(move |(nth, token)| {
        at(nth.checked_add(1))
            .filter(|next| token.is_name() && next.is_sign('(') && adjacent(token, next))?;
        let qualifier = at(nth.checked_sub(1))
            .filter(|dot| dot.is_sign('.') && adjacent(dot, token))
            .and_then(|_| at(nth.checked_sub(2)));
        let before = at(nth.checked_sub(if qualifier.is_some() { 3 } else { 1 }));
        if before.is_some_and(|cast| cast.kind == TokenKind::Operator && cast.text == "::") {
            return None;
        }
        Some(match qualifier {
            _ if token.text == "OPERATOR" => {
                let schema = at(nth.checked_add(2)).map_or("", |schema| schema.text);
                return (schema != "pg_catalog").then_some(Call::Operator);
            }
            Some(schema) => Call::Qualified(format!("{}.{}", schema.text, token.text)),
            None => Call::Builtin(token.text),
        })
    })
}
