//! Random schemas and random changes to them, held to the same truth as the corpus.

use std::fmt::Write;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::case::Case;
use super::run::{Outcome, run};
use crate::support::postgres;

/// A column stays within its family, so that each type can become each other one.
const FAMILIES: [&[(&str, &str)]; 4] = [
    &[("int", "1"), ("bigint", "2"), ("numeric(8,2)", "3.5"), ("text", "'4'")],
    &[("text", "'x'"), ("varchar(20)", "'y'"), ("varchar(5)", "'z'"), ("char(3)", "'w'")],
    &[("timestamptz", "'2024-01-03 00:00:00+00'"), ("timestamp", "'2024-01-01'"), ("date", "'2024-01-02'")],
    &[("mood", "'a'"), ("text", "'a'"), ("varchar(9)", "'a'")],
];
const TABLES: usize = 3;
const COLUMNS: usize = 5;

#[derive(Clone, Debug)]
struct Column {
    kind: usize,
    not_null: bool,
    default: bool,
    check: bool,
    /// None, plain, partial, over an expression, unique constraint.
    index: u8,
}

#[derive(Clone, Debug)]
struct Table {
    columns: Vec<Option<Column>>,
    key: bool,
    references: Option<usize>,
    comment: bool,
    row_security: bool,
}

#[derive(Clone, Debug)]
struct View {
    table: usize,
    materialised: bool,
    dependent: bool,
}

#[derive(Clone, Debug)]
struct Model {
    /// Which of b, c and d follow or precede a.
    values: (bool, bool, bool),
    /// The function in the defaults: absent, or one of three.
    function: Option<u8>,
    tables: Vec<Option<Table>>,
    views: Vec<Option<View>>,
}

fn column() -> impl Strategy<Value = Column> {
    (0..4usize, any::<bool>(), any::<bool>(), any::<bool>(), 0..5u8)
        .prop_map(|(kind, not_null, default, check, index)| Column { kind, not_null, default, check, index })
}

fn table() -> impl Strategy<Value = Table> {
    let columns = vec(proptest::option::weighted(0.7, column()), COLUMNS);
    let references = proptest::option::of(0..TABLES);
    (columns, any::<bool>(), references, any::<bool>(), any::<bool>()).prop_map(
        |(columns, key, references, comment, row_security)| Table {
            columns,
            key,
            references,
            comment,
            row_security,
        },
    )
}

fn view() -> impl Strategy<Value = View> {
    (0..TABLES, any::<bool>(), any::<bool>()).prop_map(|(table, materialised, dependent)| View {
        table,
        materialised,
        dependent,
    })
}

fn model() -> impl Strategy<Value = Model> {
    let tables = vec(proptest::option::weighted(0.8, table()), TABLES);
    let views = vec(proptest::option::of(view()), 2);
    (any::<(bool, bool, bool)>(), proptest::option::of(0..3u8), tables, views)
        .prop_map(|(values, function, tables, views)| Model { values, function, tables, views })
}

/// A schema and what a release made of it: each part is kept three times out of four.
fn change() -> impl Strategy<Value = (Model, Model)> {
    let keep = vec(prop::bool::weighted(0.75), 4 + TABLES * (COLUMNS + 1));
    (model(), model(), keep).prop_map(|(old, fresh, keep)| {
        let mut keep = keep.into_iter();
        let mut new = old.clone();
        let mut renew = || !keep.next().unwrap_or(true);
        if renew() {
            new.values = fresh.values;
        }
        if renew() {
            new.function = fresh.function;
        }
        for (view, other) in new.views.iter_mut().zip(fresh.views) {
            if renew() {
                *view = other;
            }
        }
        for (table, other) in new.tables.iter_mut().zip(fresh.tables) {
            let whole = renew();
            match (table, other) {
                (Some(table), Some(other)) if !whole => {
                    for (column, other) in table.columns.iter_mut().zip(other.columns) {
                        if renew() {
                            *column = other;
                        }
                    }
                }
                (table, other) if whole => *table = other,
                _ => {}
            }
        }
        (old, new)
    })
}

impl Model {
    fn sql(&self) -> String {
        let mut sql = String::new();
        let values =
            [(self.values.0, "'b', "), (true, "'a'"), (self.values.1, ", 'c'"), (self.values.2, ", 'd'")];
        let values: String = values.iter().filter(|(present, _)| *present).map(|(_, value)| *value).collect();
        writeln!(sql, "CREATE TYPE mood AS ENUM ({values});").expect("a string");
        match self.function {
            Some(0) => sql += "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 7';\n",
            Some(1) => sql += "CREATE FUNCTION f() RETURNS int LANGUAGE sql STABLE AS 'SELECT 8';\n",
            Some(_) => {
                sql += "CREATE FUNCTION f() RETURNS smallint LANGUAGE sql BEGIN ATOMIC SELECT 9::smallint; END;\n"
            }
            None => {}
        }
        for (number, table) in self.tables.iter().enumerate() {
            if let Some(table) = table {
                table.write(number, self.function.is_some(), &mut sql);
            }
        }
        for (number, table) in self.tables.iter().enumerate() {
            let target = table.as_ref().and_then(|table| table.references);
            if let Some(target) =
                target.filter(|target| self.tables[*target].as_ref().is_some_and(|table| table.key))
            {
                writeln!(sql, "ALTER TABLE t{number} ADD FOREIGN KEY (ref) REFERENCES t{target};")
                    .expect("a string");
            }
        }
        for (number, view) in self.views.iter().enumerate() {
            let Some(view) = view else { continue };
            let Some(table) = &self.tables[view.table] else { continue };
            let kind = if view.materialised { "MATERIALIZED VIEW" } else { "VIEW" };
            let columns: String = table.present().map(|(at, _)| format!(", c{at}")).collect();
            writeln!(sql, "CREATE {kind} v{number} AS SELECT id{columns} FROM t{};", view.table)
                .expect("a string");
            if view.dependent {
                writeln!(sql, "CREATE VIEW w{number} AS SELECT * FROM v{number} WHERE id > {number};")
                    .expect("a string");
            }
        }
        sql
    }
}

impl Table {
    fn present(&self) -> impl Iterator<Item = (usize, &Column)> {
        self.columns.iter().enumerate().filter_map(|(at, column)| Some((at, column.as_ref()?)))
    }

    fn write(&self, number: usize, function: bool, sql: &mut String) {
        let key = if self.key { " PRIMARY KEY" } else { "" };
        let default = if function { " DEFAULT f()" } else { "" };
        write!(sql, "CREATE TABLE t{number} (id int{key}, ref int{default}").expect("a string");
        for (at, column) in self.present() {
            let family = FAMILIES[at % FAMILIES.len()];
            let (kind, default) = family[column.kind % family.len()];
            write!(sql, ", c{at} {kind}").expect("a string");
            sql.push_str(if column.not_null { " NOT NULL" } else { "" });
            if column.default {
                write!(sql, " DEFAULT {default}").expect("a string");
            }
            if column.check {
                write!(sql, " CHECK (c{at} IS DISTINCT FROM {default})").expect("a string");
            }
            sql.push_str(if column.index == 4 { " UNIQUE" } else { "" });
        }
        sql.push_str(");\n");
        for (at, column) in self.present() {
            let target = match column.index {
                1 => format!("(c{at})"),
                2 => format!("(id DESC) WHERE c{at} IS NOT NULL"),
                3 => format!("((c{at} IS NULL), id)"),
                _ => continue,
            };
            writeln!(sql, "CREATE INDEX t{number}_c{at} ON t{number} {target};").expect("a string");
        }
        if self.comment {
            writeln!(sql, "COMMENT ON TABLE t{number} IS 'table {number}';").expect("a string");
            writeln!(sql, "GRANT SELECT ON t{number} TO alice;").expect("a string");
        }
        if self.row_security {
            writeln!(sql, "ALTER TABLE t{number} ENABLE ROW LEVEL SECURITY;").expect("a string");
            writeln!(sql, "CREATE POLICY p ON t{number} USING (id > {number});").expect("a string");
        }
    }
}

/// `LAKEBASE_SCHEMA_CASES` says how many; few by default.
#[test]
fn a_plan_makes_any_schema_any_other() {
    let cluster = postgres::shared();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let cases = std::env::var("LAKEBASE_SCHEMA_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(5);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
    let outcome = TestRunner::new(config).run(&change(), |(old, new)| {
        let case = Case::of("generated".to_owned(), old.sql(), new.sql());
        for (direction, outcome) in runtime.block_on(run(&cluster, &case)) {
            let complaint = match outcome {
                Outcome::Equal => continue,
                Outcome::Refused(why) => format!("refused: {why}"),
                Outcome::Wrong(why) => why,
            };
            let (old, new) = (case.section("old"), case.section("new"));
            return Err(TestCaseError::fail(format!(
                "{direction}: {complaint}\n-- old\n{old}\n-- new\n{new}"
            )));
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
