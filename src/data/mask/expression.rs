//! Rules as SQL expressions. They are strict: NULL stays NULL.

use super::{
    fakes::{FIRST, LAST, array},
    fit::{DIGITS, EMAIL_DIGITS, EMAIL_DOMAIN},
    key::hmac,
    model::{Column, Table},
    rule::Rule,
};
use crate::sql::{quote_ident, quote_literal};

/// The expression for the new value of a column of `t`. `shuffled` is that of a shuffled one.
pub(super) fn masked(rule: &Rule, table: &Table, column: &Column, shuffled: &str) -> Option<String> {
    let value = format!("t.{}", quote_ident(&column.name));
    let text = comparable(column, &value);
    Some(match rule {
        Rule::Keep => return None,
        Rule::Null => "null".to_owned(),
        Rule::Constant(constant) => constant_of(column, constant, &value),
        Rule::Hash { digits } => hash(column, &hmac("hash", &text), digits.map_or(DIGITS, usize::from)),
        Rule::FakeName => {
            let name = format!("{} || ' ' || {}", pick(&FIRST, 0), pick(&LAST, 1));
            of_hash(&name, &hmac("name", &text))
        }
        Rule::FakeFirstName => of_hash(&pick(&FIRST, 0), &hmac("first name", &text)),
        Rule::FakeLastName => of_hash(&pick(&LAST, 1), &hmac("last name", &text)),
        Rule::FakeEmail => {
            let from = 5;
            let digits = format!("encode(substr(h.d, {from}, {}), 'hex')", EMAIL_DIGITS / 2);
            let (first, last) = (pick(&FIRST, 0), pick(&LAST, 1));
            let address = format!("lower({first} || '.' || {last}) || '.' || {digits} || '{EMAIL_DOMAIN}'");
            of_hash(&address, &hmac("e-mail", &format!("lower({value}::text)")))
        }
        Rule::FakePhone => {
            let number = format!("lpad(({} % 10000000)::text, 7, '0')", number(4));
            of_hash(&format!("'+1555' || {number}"), &hmac("phone", &text))
        }
        Rule::ShiftDays { days, by } => {
            let by = by.as_ref().and_then(|by| table.columns.iter().find(|column| column.name == *by));
            let by = by.map_or_else(
                || text.clone(),
                // Dates of rows without one move by the same number of days.
                |by| format!("coalesce({}, '')", comparable(by, &format!("t.{}", quote_ident(&by.name)))),
            );
            let days = format!("(1 + {} % {days})", number(4));
            let distance = format!("{days}::int * case when get_byte(h.d, 4) % 2 = 0 then 1 else -1 end");
            let distance = of_hash(&format!("({distance})"), &hmac("days", &by));
            match column.base.as_str() {
                "date" => format!("{value} + {distance}"),
                _ => format!("{value} + {distance} * interval '1 day'"),
            }
        }
        Rule::Shuffle => shuffled.to_owned(),
        Rule::KeepFormat => keep_format(column, &value, &text),
    })
}

/// The text of a value: equal for values that the type takes for equal, and for one value in columns of several types.
fn comparable(column: &Column, value: &str) -> String {
    match column.base.as_str() {
        "citext" => format!("lower({value}::text)"),
        "numeric" => format!("trim_scale({value})::text"),
        _ => format!("{value}::text"),
    }
}

fn constant_of(column: &Column, constant: &str, value: &str) -> String {
    format!("case when {value} is not null then {}::{} end", quote_literal(constant), column.shown)
}

/// An expression over the bytes `h.d` of a hash, which are computed once.
fn of_hash(expression: &str, hash: &str) -> String {
    format!("(select {expression} from (select {hash} as d offset 0) h)")
}

/// One of the names, chosen by the byte at a position.
fn pick(names: &[&str], at: usize) -> String {
    format!("{}[1 + get_byte(h.d, {at}) % {}]", array(names), names.len())
}

/// The number in the first bytes.
fn number(bytes: usize) -> String {
    format!("('x' || encode(substr(h.d, 1, {bytes}), 'hex'))::bit({})::int8", bytes * 8)
}

fn hash(column: &Column, hash: &str, digits: usize) -> String {
    match column.base.as_str() {
        "uuid" => format!("encode(substr({hash}, 1, 16), 'hex')::uuid"),
        "bytea" => hash.to_owned(),
        // Positive numbers of the type.
        "int4" => of_hash(&format!("({} & 2147483647)::int4", number(4)), hash),
        "int8" | "numeric" => of_hash(&format!("({} & 9223372036854775807)", number(8)), hash),
        _ => format!("left(encode({hash}, 'hex'), {digits})"),
    }
}

/// Letters become letters of the same case, digits digits. A letter beyond ASCII becomes a small one.
fn keep_format(column: &Column, value: &str, text: &str) -> String {
    let byte = "(get_byte(h.d, ((u.i - 1) % 32)::int) + 7 * ((u.i - 1) / 32))";
    let replaced = format!(
        "case when ascii(u.c) between 48 and 57 then chr((48 + {byte} % 10)::int)
              when ascii(u.c) between 65 and 90 then chr((65 + {byte} % 26)::int)
              when ascii(u.c) between 97 and 122 or ascii(u.c) > 127 then chr((97 + {byte} % 26)::int)
              else u.c end"
    );
    let all = format!(
        "(select string_agg({replaced}, '' order by u.i)
          from (select {} as d offset 0) h, unnest(string_to_array({value}::text, null)) with ordinality u(c, i))",
        hmac("format", text)
    );
    match column.is_text() {
        // No row of an empty text is aggregated.
        true => format!("case when {value} is not null then coalesce({all}, '') end"),
        false => format!("{all}::{}", column.base),
    }
}
