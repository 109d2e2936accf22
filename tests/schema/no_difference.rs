//! Definitions that differ in their text only, which no plan can make equal.

use lakebase::schema::compare;

use super::observe::Observe;
use crate::support::postgres::{self, Database};

const BEFORE: &str =
    "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM public.t';";
const VIEWS: &str =
    "CREATE VIEW v AS SELECT a FROM f(); CREATE MATERIALIZED VIEW m AS SELECT x.a FROM f() x WHERE x.a > 1;";
const COLUMN: &str = "ALTER TABLE t ADD b int;";

/// The server prints the columns that the function had when the view was created.
#[tokio::test]
async fn columns_of_a_function_that_came_after_the_view() {
    let cluster = postgres::shared();
    let database = |parts: &[&str]| Database::create(&cluster, parts.concat());
    let early = database(&[BEFORE, VIEWS, COLUMN]).await.expect("a database");
    let late = database(&[BEFORE, COLUMN, VIEWS]).await.expect("a database");
    let (shorter, longer) = (early.schema().await.expect("read"), late.schema().await.expect("read"));
    let none = compare(&longer, &shorter);
    assert!(none.is_empty() && none.migration().expect("a plan").is_empty(), "{none}");
    let plan = compare(&shorter, &longer).migration().expect("a plan");
    plan.apply(&mut early.connect().await).await.expect("the longer list is reached");
    for wanted in [&shorter, &longer] {
        let empty = database(&[BEFORE]).await.expect("a database");
        let plan = compare(&empty.schema().await.expect("read"), wanted).migration().expect("a plan");
        plan.apply(&mut empty.connect().await).await.expect("it is applied and verified");
    }
}
