//! Tokens, quoting, clauses and identifiers of SQL text.
//!
//! Only the lexical rules of SQL are interpreted: definitions come from the server's deparsers, migrations from their
//! authors, and both are only split into tokens.

mod clause;
mod identifiers;
mod lexer;
mod list;
mod quote;
mod requote;

pub(crate) use clause::{bracket, bracketed_clause, clause, has_keywords};
pub(crate) use identifiers::IdentifierMap;
pub(crate) use lexer::{Token, TokenKind, significant};
pub(crate) use list::{bracketed_lists, entries, entry, last_part, mentions, split_list};
pub(crate) use quote::{dollar_quote, quote_ident, quote_literal, unquote_ident};
pub(crate) use requote::{Context as NameContext, Requoting};
