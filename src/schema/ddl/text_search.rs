//! Statements for text search configurations and dictionaries.

use super::context::AlterStrategy;
use super::sql::lines;
use crate::schema::model::{Attr, Kind, Object};
use crate::schema::statement::Statement;
use crate::sql::{entry, split_list};

pub(super) fn create(object: &Object) -> Vec<Statement> {
    let name = &object.key.name;
    if object.key.kind == Kind::TextSearchDictionary {
        let options = object.get(Attr::Options).map(|o| format!(", {o}")).unwrap_or_default();
        return vec![Statement::new(format!(
            "CREATE TEXT SEARCH DICTIONARY {name} (TEMPLATE = {}{options})",
            object.text(Attr::Template)
        ))];
    }
    let mut statements = vec![Statement::new(format!(
        "CREATE TEXT SEARCH CONFIGURATION {name} (PARSER = {})",
        object.text(Attr::Parser)
    ))];
    statements.extend(lines(object.get(Attr::Mappings)).into_iter().map(|line| mapping(name, "ADD", line)));
    statements
}

fn mapping(name: &str, word: &str, line: &str) -> Statement {
    let (token, dictionaries) = entry(line);
    Statement::new(format!(
        "ALTER TEXT SEARCH CONFIGURATION {name} {word} MAPPING FOR {token} WITH {dictionaries}"
    ))
}

pub(super) fn change(old: &Object, new: &Object) -> AlterStrategy {
    let name = &new.key.name;
    if new.key.kind == Kind::TextSearchDictionary {
        let same = old.get(Attr::Template) == new.get(Attr::Template);
        let keys = |f: &Object| {
            split_list(f.text(Attr::Options))
                .into_iter()
                .filter_map(|o| o.split(" = ").next().map(str::to_owned))
                .collect::<Vec<_>>()
        };
        return match new.get(Attr::Options) {
            Some(options) if same && keys(old).iter().all(|k| keys(new).contains(k)) => AlterStrategy::Alter(
                vec![Statement::new(format!("ALTER TEXT SEARCH DICTIONARY {name} ({options})"))],
            ),
            _ => AlterStrategy::Replace,
        };
    }
    if old.get(Attr::Parser) != new.get(Attr::Parser) {
        return AlterStrategy::Replace;
    }
    let (before, after) = (lines(old.get(Attr::Mappings)), lines(new.get(Attr::Mappings)));
    let token = |line: &'_ str| entry(line).0.to_owned();
    let mut statements = Vec::new();
    for line in before.iter().filter(|b| !after.iter().any(|a| token(a) == token(b))) {
        statements.push(Statement::new(format!(
            "ALTER TEXT SEARCH CONFIGURATION {name} DROP MAPPING FOR {}",
            token(line)
        )));
    }
    for line in after.iter().filter(|a| !before.contains(a)) {
        let word = if before.iter().any(|b| token(b) == token(line)) { "ALTER" } else { "ADD" };
        statements.push(mapping(name, word, line));
    }
    AlterStrategy::Alter(statements)
}
