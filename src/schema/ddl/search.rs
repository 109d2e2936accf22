//! Text search configurations and dictionaries.

use super::{Verdict, lines};
use crate::schema::model::{Attr, Fact, Kind};
use crate::schema::statement::Statement;

pub(super) fn create(fact: &Fact) -> Vec<Statement> {
    let name = &fact.key.name;
    if fact.key.kind == Kind::TextSearchDictionary {
        let options = fact.get(Attr::Options).map(|o| format!(", {o}")).unwrap_or_default();
        return vec![Statement::new(format!(
            "CREATE TEXT SEARCH DICTIONARY {name} (TEMPLATE = {}{options})",
            fact.text(Attr::Template)
        ))];
    }
    let mut statements = vec![Statement::new(format!(
        "CREATE TEXT SEARCH CONFIGURATION {name} (PARSER = {})",
        fact.text(Attr::Parser)
    ))];
    statements.extend(lines(fact.get(Attr::Mappings)).into_iter().map(|line| mapping(name, "ADD", line)));
    statements
}

fn mapping(name: &str, word: &str, line: &str) -> Statement {
    let (token, dictionaries) = line.split_once('\t').unwrap_or((line, ""));
    Statement::new(format!(
        "ALTER TEXT SEARCH CONFIGURATION {name} {word} MAPPING FOR {token} WITH {dictionaries}"
    ))
}

pub(super) fn change(old: &Fact, new: &Fact) -> Verdict {
    let name = &new.key.name;
    if new.key.kind == Kind::TextSearchDictionary {
        let same = old.get(Attr::Template) == new.get(Attr::Template);
        let keys = |f: &Fact| {
            f.text(Attr::Options)
                .split(", ")
                .filter_map(|o| o.split(" = ").next().map(str::to_owned))
                .collect::<Vec<_>>()
        };
        return match new.get(Attr::Options) {
            Some(options) if same && keys(old).iter().all(|k| keys(new).contains(k)) => {
                Verdict::Alter(vec![Statement::new(format!(
                    "ALTER TEXT SEARCH DICTIONARY {name} ({options})"
                ))])
            }
            _ => Verdict::Replace,
        };
    }
    if old.get(Attr::Parser) != new.get(Attr::Parser) {
        return Verdict::Replace;
    }
    let (before, after) = (lines(old.get(Attr::Mappings)), lines(new.get(Attr::Mappings)));
    let token = |line: &str| line.split('\t').next().unwrap_or(line).to_owned();
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
    Verdict::Alter(statements)
}
