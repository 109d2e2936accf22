//! The `schema_diff` example as its user meets it: what it prints and how it ends.

use super::observe::Observe;
use crate::support::postgres::{self, Database};
use std::path::PathBuf;
use std::process::Output;

/// Where `cargo test` puts the examples; `cargo test --test main` alone does not build them.
fn program() -> PathBuf {
    let here = std::env::current_exe().expect("a test is a program");
    let target = here.parent().and_then(|deps| deps.parent()).expect("the target directory");
    let program = target.join("examples/schema_diff");
    assert!(program.is_file(), "build it first with cargo build --example schema_diff");
    program
}

async fn call(program: &PathBuf, arguments: &[&str]) -> Output {
    tokio::process::Command::new(program).args(arguments).output().await.expect("the example runs")
}

#[tokio::test]
async fn the_example_plans_compares_and_refuses() {
    let (program, cluster) = (program(), postgres::shared());
    let database = |sql: &str| Database::create(&cluster, sql.to_owned());
    let old = database("CREATE TABLE t (a int);").await.expect("a database");
    let new = database("CREATE TABLE t (a int, b text);").await.expect("a database");
    let other = database("CREATE TABLE t (a int, b int);").await.expect("a database");
    let partitioned = database("CREATE TABLE t (a int) PARTITION BY LIST (a);").await.expect("a database");

    let text = call(&program, &[&old.url(), &new.url()]).await;
    assert!(text.status.code() == Some(1) && !text.stdout.is_empty(), "{text:?}");
    let same = call(&program, &[&old.url(), &old.url()]).await;
    assert_eq!(same.status.code(), Some(0), "{same:?}");
    let trouble = call(&program, &[&old.url(), "postgres://127.0.0.1:1/none"]).await;
    assert!(trouble.status.code() == Some(2) && !trouble.stderr.is_empty(), "{trouble:?}");
    let json = call(&program, &["--format", "json", &old.url(), &new.url()]).await;
    serde_json::from_slice::<serde_json::Value>(&json.stdout).expect("JSON");

    let refused = call(&program, &["--plan", &old.url(), &partitioned.url()]).await;
    assert_eq!((refused.status.code(), refused.stdout.as_slice()), (Some(2), &b""[..]), "{refused:?}");
    assert!(!refused.stderr.is_empty());

    let drift = call(&program, &["--drift", &old.url(), &new.url(), &other.url()]).await;
    assert_eq!(drift.status.code(), Some(1), "{drift:?}");
    let peace = call(&program, &["--drift", &old.url(), &old.url(), &other.url()]).await;
    assert_eq!(peace.status.code(), Some(0), "{peace:?}");

    let plan = call(&program, &["--plan", &old.url(), &new.url()]).await;
    assert!(plan.status.success(), "{plan:?}");
    old.psql(String::from_utf8(plan.stdout).expect("SQL")).await.expect("the plan is executable");
    assert_eq!(old.dump().await.difference(&new.dump().await), "");
}
