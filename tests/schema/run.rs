//! One pair, both ways: plan, apply, and ask two observers whether the old schema has become the new one.

use std::fmt::Write;
use std::sync::Arc;

use regex::Regex;

use lakebase::schema::{Plan, Schema, SchemaDiff, compare};

use super::case::{Case, Expect};
use super::definitions;
use super::dump::Dump;
use super::identity::Identity;
use super::observe::Observe;
use crate::support::postgres::{Cluster, Database};

/// What came of one direction of a pair.
pub(super) enum Outcome {
    Equal,
    Refused(String),
    Wrong(String),
}

/// How a plan is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Apply {
    /// `Plan::apply`.
    Connection,
    /// `Plan::to_sql` through `psql`.
    Psql,
}

/// A database with all that is known about it before the plan runs.
pub(super) struct Side {
    pub(super) database: Database,
    pub(super) schema: Schema,
    dump: Dump,
}

impl Side {
    pub(super) async fn create(cluster: &Arc<Cluster>, script: String) -> Result<Self, String> {
        Self::of(Database::create(cluster, script).await?).await
    }

    pub(super) async fn of(database: Database) -> Result<Self, String> {
        let schema = database.schema().await?;
        definitions::check(&mut database.connect().await, &schema).await?;
        let dump = database.dump().await;
        Ok(Self { database, schema, dump })
    }
}

/// Forwards, and backwards unless the file says that there is no way back.
pub(super) async fn run(cluster: &Arc<Cluster>, case: &Case) -> Vec<(&'static str, Outcome)> {
    let sides = tokio::join!(
        Side::create(cluster, case.script("old") + case.section("data")),
        Side::create(cluster, case.script("new"))
    );
    let (old, new) = match sides {
        (Ok(old), Ok(new)) => (old, new),
        (Err(error), _) => return vec![("old", Outcome::Wrong(error))],
        (_, Err(error)) => return vec![("new", Outcome::Wrong(error))],
    };
    // Half of the pairs go through `psql` forwards and `Plan::apply` backwards, the others the other way round.
    let odd = case.name.bytes().fold(0u8, u8::wrapping_add) % 2 == 1;
    let (there, back) = if odd { (Apply::Connection, Apply::Psql) } else { (Apply::Psql, Apply::Connection) };
    let forward = compare(&old.schema, &new.schema);
    let backward = compare(&new.schema, &old.schema);
    let mut outcomes = vec![("forward", forwards(case, &old, &new, &forward, there).await)];
    if !case.one_way {
        outcomes.push(("backward", migrate(&new, &old, &backward, back, case).await));
    }
    outcomes
}

/// The forward direction, with what the head of the file says about it.
pub(super) async fn forwards(
    case: &Case,
    old: &Side,
    new: &Side,
    diff: &SchemaDiff,
    apply: Apply,
) -> Outcome {
    if case.expect == Expect::Same && !diff.is_empty() {
        return Outcome::Wrong(format!("nothing differs, but the diff says:\n{diff}"));
    }
    let outcome = migrate(old, new, diff, apply, case).await;
    if !matches!(outcome, Outcome::Equal) {
        return outcome;
    }
    let sql = case.plan(diff).map(|plan| statements(&plan)).unwrap_or_default();
    if let Some(rule) = case.forbid.iter().find(|rule| rule.is_match(&sql)) {
        return Outcome::Wrong(format!("the plan contains the forbidden `{rule}`:\n{sql}"));
    }
    if let Some(rule) = case.require.iter().find(|rule| !rule.is_match(&sql)) {
        return Outcome::Wrong(format!("the plan lacks the required `{rule}`:\n{sql}"));
    }
    if let Some(complaint) = misjudged(case, diff) {
        return Outcome::Wrong(format!("{complaint}\n{sql}"));
    }
    for (query, expected) in &case.checks {
        match old.database.psql(query.clone()).await {
            Ok(value) if value.trim() == expected => {}
            other => return Outcome::Wrong(format!("{query} => {other:?} instead of {expected}\n{sql}")),
        }
    }
    Outcome::Equal
}

/// A hazard that the plan does not announce although it must, or announces although it must not.
fn misjudged(case: &Case, diff: &SchemaDiff) -> Option<String> {
    let plan = case.plan(diff).ok()?;
    let hazards: Vec<String> =
        plan.statements().iter().flat_map(|s| &s.hazards).map(ToString::to_string).collect();
    let announced = |rule: &&Regex| hazards.iter().any(|hazard| rule.is_match(hazard));
    let missing = case.hazards.iter().find(|rule| !announced(rule)).map(|rule| ("lacks", rule));
    let false_alarm = case.no_hazards.iter().find(announced).map(|rule| ("announces", rule));
    let (what, rule) = missing.or(false_alarm)?;
    Some(format!("the plan {what} the hazard `{rule}`: {hazards:?}"))
}

/// The statements of a plan without comments and settings.
fn statements(plan: &Plan) -> String {
    plan.to_sql()
        .lines()
        .filter(|line| !line.starts_with("--"))
        .fold(String::new(), |sql, line| sql + line + "\n")
}

/// Applies the plan to `old` and compares what it became with `new`.
pub(super) async fn migrate(old: &Side, new: &Side, diff: &SchemaDiff, apply: Apply, case: &Case) -> Outcome {
    let plan = match case.plan(diff) {
        Ok(plan) => plan,
        Err(refusal) => return Outcome::Refused(refusal.to_string()),
    };
    let sql = plan.to_sql();
    let planned = !plan.statements().is_empty();
    if diff.is_empty() && planned {
        return Outcome::Wrong(format!("nothing differs, but statements are planned:\n{sql}"));
    }
    let mut connection = old.database.connect().await;
    let before = Identity::read(&mut connection).await;
    let applied = match apply {
        Apply::Psql => old.database.psql(sql.clone()).await.map(drop),
        Apply::Connection => plan.apply(&mut connection).await.map(drop).map_err(|error| describe(&error)),
    };
    if let Err(error) = applied {
        let rest = old.database.schema().await.map(|now| compare(&now, &new.schema).to_string());
        return Outcome::Wrong(format!(
            "the plan fails ({apply:?}): {error}\n{sql}still different:\n{}",
            rest.unwrap_or_else(|error| error)
        ));
    }
    let mut complaint = String::new();
    match old.database.schema().await.map(|now| compare(&now, &new.schema)) {
        Ok(rest) if rest.is_empty() => {}
        Ok(rest) => writeln!(complaint, "still different:\n{rest}").expect("a string"),
        Err(error) => writeln!(complaint, "{error}").expect("a string"),
    }
    let difference = old.database.dump().await.difference(&new.dump);
    if !difference.is_empty() {
        writeln!(complaint, "pg_dump differs:\n{difference}").expect("a string");
    }
    let remade = before.remade(&Identity::read(&mut connection).await, case.recreates.as_ref());
    if !remade.is_empty() {
        writeln!(complaint, "made anew although both sides have it: {}", remade.join(", "))
            .expect("a string");
    }
    if complaint.is_empty() { Outcome::Equal } else { Outcome::Wrong(format!("{complaint}{sql}")) }
}

/// An error with all its sources.
pub(super) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            write!(text, ": {cause_text}").expect("a string");
        }
        source = cause.source();
    }
    text
}
