use super::super::cell::Cell;
use super::super::versions::QueryTemplate;
use super::*;
use crate::schema::model::{Attr, Shape};

const VERSIONS: [u32; 4] = [150_000, 160_000, 170_000, 180_000];

/// Attributes that no query selects: they are composed from others, or belong to comments, privileges and owners.
const COMPOSED: &[Attr] = &[
    Attr::Columns,
    Attr::Digest,
    Attr::Extension,
    Attr::Granted,
    Attr::Grantor,
    Attr::HiddenObject,
    Attr::Identity,
    Attr::IdentityOptions,
    Attr::IdentityPersistence,
    Attr::IdentitySequence,
    Attr::PartColumn,
    Attr::PrivilegeGrantee,
    Attr::Revoked,
    Attr::Role,
    Attr::SystemObject,
    Attr::Text,
];

fn filled(query: &Query, version: u32) -> String {
    QueryTemplate { version, schemas: "'{}'::oid[]".to_owned(), comments: true }.fill(query.sql)
}

/// The selected columns of the outermost `select`: each expression with its alias.
fn columns(sql: &str) -> Vec<(String, String)> {
    let (mut depth, mut quoted, mut start, mut columns) = (0_usize, false, None, Vec::new());
    for (at, character) in sql.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        if depth > 0 || quoted {
            continue;
        }
        let rest = &sql[at..];
        match start {
            None if rest.starts_with("select ") => start = Some(at + "select ".len()),
            Some(from) if character == ',' || is_keyword(rest, "from") => {
                columns.push(column(sql[from..at].trim()));
                if character != ',' {
                    return columns;
                }
                start = Some(at + 1);
            }
            _ => {}
        }
    }
    panic!("the outermost select of {sql} has no end");
}

fn is_keyword(rest: &str, word: &str) -> bool {
    let mut spaces = rest.chars();
    spaces.next().is_some_and(char::is_whitespace) && spaces.as_str().split_whitespace().next() == Some(word)
}

fn column(text: &str) -> (String, String) {
    let (expression, alias) = match text.rsplit_once(" as ").filter(|(_, alias)| !alias.contains([' ', ')']))
    {
        Some((expression, alias)) => (expression, alias),
        None => (text, text.rsplit('.').next().unwrap_or(text)),
    };
    (expression.to_owned(), alias.trim_matches('"').to_owned())
}

#[test]
fn every_column_of_a_query_is_an_attribute_or_a_cell() {
    for query in all() {
        for version in VERSIONS {
            let columns = columns(&filled(query, version));
            assert!(columns.len() > 1, "{} has {columns:?}", query.kind);
            for (_, alias) in columns {
                assert!(Cell::named(&alias).is_some(), "{}: nothing is called {alias}", query.kind);
            }
        }
    }
}

#[test]
fn every_attribute_is_selected_or_composed() {
    let queries = all().flat_map(|query| VERSIONS.map(|version| filled(query, version)));
    let selected: Vec<String> = queries.flat_map(|sql| columns(&sql)).map(|(_, alias)| alias).collect();
    for attr in Attr::ALL {
        let found = selected.iter().any(|alias| alias == attr.alias());
        assert!(found || COMPOSED.contains(attr), "{attr} comes from nowhere");
    }
}

#[test]
fn the_shape_of_a_value_is_what_its_query_selects() {
    for query in all() {
        for (expression, alias) in columns(&filled(query, 180_000)) {
            let Some(Cell::Attribute(attr)) = Cell::named(&alias) else { continue };
            let flag = expression.contains("'true' end");
            let list = expression.contains("E'\\n'");
            let fits = match attr.shape() {
                Shape::Flag => flag,
                Shape::List => list,
                Shape::Text => true,
            };
            assert!(fits, "{}: {attr} is selected as {expression}", query.kind);
        }
    }
}

#[test]
fn an_unknown_alias_is_no_cell() {
    assert!(Cell::named("deffinition").is_none());
}
