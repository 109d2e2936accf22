//! Statements for foreign data wrappers, servers and user mappings.

use super::context::AlterStrategy;
use super::sql::{differing, fdw_options, foreign_options};
use crate::schema::model::{Attr, Kind, Object};
use crate::schema::statement::Statement;
use crate::sql::quote_literal;

pub(super) fn create(object: &Object) -> Vec<Statement> {
    let name = &object.key.name;
    let options = foreign_options(object.get(Attr::FdwOptions));
    let word = |attr: Attr, word: &str| object.get(attr).map(|v| format!(" {word} {v}")).unwrap_or_default();
    let text = |attr: Attr, word: &str| {
        object.get(attr).map(|v| format!(" {word} {}", quote_literal(v))).unwrap_or_default()
    };
    vec![Statement::new(match object.key.kind {
        Kind::ForeignDataWrapper => format!(
            "CREATE FOREIGN DATA WRAPPER {name}{}{}{options}",
            word(Attr::Handler, "HANDLER"),
            word(Attr::Validator, "VALIDATOR")
        ),
        Kind::Server => format!(
            "CREATE SERVER {name}{}{} FOREIGN DATA WRAPPER {}{options}",
            text(Attr::Type, "TYPE"),
            text(Attr::Version, "VERSION"),
            object.text(Attr::Wrapper)
        ),
        _ => format!("CREATE USER MAPPING FOR {name}{options}"),
    })]
}

pub(super) fn change(old: &Object, new: &Object) -> AlterStrategy {
    let name = &new.key.name;
    let (mut clauses, mut options) = (String::new(), String::new());
    for attr in differing(old, new) {
        clauses += &match attr {
            Attr::Version => format!(" VERSION {}", new.get(attr).map_or("NULL".to_owned(), quote_literal)),
            Attr::Handler => new.get(attr).map_or(" NO HANDLER".to_owned(), |f| format!(" HANDLER {f}")),
            Attr::Validator => {
                new.get(attr).map_or(" NO VALIDATOR".to_owned(), |f| format!(" VALIDATOR {f}"))
            }
            Attr::FdwOptions => {
                options = format!(" OPTIONS ({})", fdw_options(old.get(attr), new.get(attr)));
                continue;
            }
            // Foreign tables hold no rows of their own, so they can be created again with it.
            _ => return AlterStrategy::Replace,
        };
    }
    let what = match new.key.kind {
        Kind::ForeignDataWrapper => "FOREIGN DATA WRAPPER",
        Kind::Server => "SERVER",
        _ => "USER MAPPING FOR",
    };
    AlterStrategy::Alter(vec![Statement::new(format!("ALTER {what} {name}{clauses}{options}"))])
}
