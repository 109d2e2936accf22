//! Random schemas and random edits on both sides: `EXCEPT` both ways says what differs, and the SQL of the difference
//! makes both sides equal.

use std::fmt::Write as _;

use fastrand::Rng;

use super::sides::Sides;

/// A type, and values of it by number: equal numbers give equal values. Types without equality are compared as text.
const TYPES: &[(&str, &str)] = &[
    ("int", "({n}) % 1000"),
    ("bigint", "({n})::bigint * 4000000000"),
    ("smallint", "({n}) % 100"),
    ("numeric", "round(({n}) / 7.0, ({n}) % 5)"),
    ("float8", "case when ({n}) % 5 = 0 then 'NaN'::float8 else ({n}) / 3.0::float8 end"),
    ("text", "case when ({n}) % 9 = 0 then '' else md5(({n})::text) end"),
    ("text", "repeat(md5(({n})::text), 1 + (({n}) % 4) * 100)"),
    ("varchar(40)", "left(md5(({n})::text), ({n}) % 30)"),
    ("char(8)", "left(md5(({n})::text), ({n}) % 8)"),
    ("bytea", "decode(md5(({n})::text), 'hex')"),
    ("bool", "({n}) % 2 = 0"),
    ("timestamptz", "timestamptz '2026-01-01 00:00+00' + ({n}) * interval '1.5 minutes'"),
    ("timestamp", "timestamp '2026-01-01' + ({n}) * interval '1 microsecond'"),
    ("date", "date '2026-01-01' + ({n}) % 5000"),
    ("interval", "({n}) * interval '1 hour'"),
    ("uuid", "md5(({n})::text)::uuid"),
    ("jsonb", "jsonb_build_object('n', ({n}), 'l', jsonb_build_array(({n}) % 3, null))"),
    ("json", "json_build_object('n', ({n}))"),
    ("int[]", "array[({n}), ({n}) % 3, null]"),
    ("text[]", "array['a', md5(({n})::text)]"),
    ("int4range", "int4range(({n}) % 1000, ({n}) % 1000 + 5)"),
    ("inet", "'10.0.0.0'::inet + (({n}) % 250)"),
    ("bit(8)", "(({n}) % 256)::bit(8)"),
    ("mood", "(array['sad', 'ok', 'happy'])[1 + ({n}) % 3]::mood"),
    ("pair", "row(({n}) / 2.0, 'x' || ({n}))::pair"),
    ("point", "point(({n}), 1)"),
];

struct Model {
    /// Position in `TYPES`, whether it is not null, and whether it still exists on the new side.
    columns: Vec<(usize, bool, bool)>,
    kind: usize,
    rows: usize,
}

const KINDS: u64 = 6;
/// The kind of a partitioned table.
const PARTITIONED: usize = 4;
/// The numbers of edits.
const EDITS: u64 = 12;
const MOVE: u8 = 6;

/// The numbers of edits of a case. Twelve cases in a row have all of them.
fn edits(rng: &mut Rng, seed: u64, kind: usize) -> Vec<u8> {
    let moved = (kind == PARTITIONED).then_some(MOVE);
    let others = 1 + rng.u64(0..5);
    moved.into_iter().chain((0..others).map(|at| ((seed * 5 + at * 7) % EDITS) as u8)).collect()
}

impl Model {
    fn new(rng: &mut Rng, seed: u64) -> Self {
        let columns =
            (0..rng.usize(1..7)).map(|_| (rng.usize(0..TYPES.len()), rng.u8(0..4) == 0, true)).collect();
        let rows = [0, 1, 300, 3000, 12_000][rng.usize(0..5)];
        Self { columns, kind: (seed % KINDS) as usize, rows }
    }

    fn create(&self) -> String {
        let mut sql =
            "create type mood as enum ('sad', 'ok', 'happy'); create type pair as (n numeric, t text);"
                .to_owned();
        let key = match self.kind {
            1 => "text",
            _ => "int",
        };
        write!(sql, "create table t (id {key} not null, part int not null").unwrap();
        for (at, (kind, not_null, _)) in self.columns.iter().enumerate() {
            write!(sql, ", c{at} {}{}", TYPES[*kind].0, if *not_null { " not null" } else { "" }).unwrap();
        }
        sql += ", g int generated always as (part * 2) stored";
        sql += match self.kind {
            0 | 1 => ", primary key (id))",
            2 => ", primary key (part, id))",
            3 => ", unique (id))",
            PARTITIONED => ", primary key (id, part)) partition by list (part)",
            _ => ")",
        };
        sql += ";";
        if self.kind == PARTITIONED {
            sql += "create table t_0 partition of t for values in (0, 1); create table t_r partition of t default;";
        }
        write!(sql, "{}", self.insert(0, self.rows, 3)).unwrap();
        sql
    }

    /// Rows with the keys from one number to another; the values are shifted by `salt`.
    fn insert(&self, from: usize, to: usize, salt: usize) -> String {
        let mut names = "id, part".to_owned();
        let mut values = format!("{}, g % 5", if self.kind == 1 { "'k' || g" } else { "g" });
        for (at, (kind, not_null, present)) in self.columns.iter().enumerate().filter(|(_, c)| c.2) {
            let _ = present;
            let value = TYPES[*kind].1.replace("{n}", &format!("g + {salt} * {at}"));
            let nullable = if *not_null {
                value
            } else {
                format!("case when (g + {at}) % 11 = 0 then null else {value} end")
            };
            write!(names, ", c{at}").unwrap();
            write!(values, ", {nullable}").unwrap();
        }
        format!("insert into t ({names}) select {values} from generate_series({from}, {to} - 1) g;")
    }

    /// A number from the key.
    fn number(&self) -> &'static str {
        if self.kind == 1 { "substr(id, 2)::int" } else { "id" }
    }

    /// The edit of this number, the `at`th of its table. Inserted keys of the sides are the same ones or not.
    fn edit(&mut self, rng: &mut Rng, number: u8, is_new: bool, at: usize) -> String {
        let n = self.number();
        let modulus = [2, 17, 301, 4001][rng.usize(0..4)];
        let rest = rng.usize(0..modulus);
        let some = format!("{n} % {modulus} = {rest}");
        let present: Vec<usize> = (0..self.columns.len()).filter(|at| self.columns[*at].2).collect();
        match number {
            0..=2 if !present.is_empty() => {
                let column = present[rng.usize(0..present.len())];
                let (kind, not_null, _) = self.columns[column];
                let salt = rng.usize(0..50);
                let value = match rng.u8(0..4) {
                    0 if !not_null => "null".to_owned(),
                    _ => TYPES[kind].1.replace("{n}", &format!("{n} + {salt}")),
                };
                format!("update t set c{column} = {value} where {some};")
            }
            3 => format!("delete from t where {some};"),
            4 => {
                let from = 20_000 + 1000 * at + if rng.bool() { 0 } else { 500 * usize::from(is_new) };
                self.insert(from, from + rng.usize(1..400), rng.usize(0..3))
            }
            5 if self.kind == 1 => {
                format!("update t set id = 'k' || ({n} + {}) where {some};", 100_000 * (at + 1))
            }
            5 if self.kind != 5 => format!("update t set id = id + {} where {some};", 100_000 * (at + 1)),
            MOVE => format!("update t set part = (part + 1) % 7 where {some};"),
            7 => format!("update t set part = part where {some};"),
            8 => "vacuum full t;".to_owned(),
            9 => "truncate t;".to_owned(),
            10 if is_new && present.iter().any(|at| !self.columns[*at].1) => {
                // A row without a value for a column of the other side that is not null cannot be added there.
                let nullable: Vec<_> = present.iter().copied().filter(|at| !self.columns[*at].1).collect();
                let column = nullable[rng.usize(0..nullable.len())];
                self.columns[column].2 = false;
                format!("alter table t drop column c{column};")
            }
            11 if is_new => format!("alter table t add column n{at} int default {at};"),
            _ => "vacuum t;".to_owned(),
        }
    }

    fn compared(&self) -> Vec<String> {
        let mut all = vec!["id".to_owned(), "part".to_owned()];
        for (at, (kind, ..)) in self.columns.iter().enumerate().filter(|(_, column)| column.2) {
            let cast = if matches!(TYPES[*kind].0, "json" | "point") { "::text" } else { "" };
            all.push(format!("c{at}{cast}"));
        }
        all
    }
}

/// The edits that must be among those of all cases, by a part of their SQL, and by the kind of their table.
const WANTED: [(Option<usize>, &str); 8] = [
    (None, "insert into"),
    (None, "delete from"),
    (None, "set id ="),
    (None, "vacuum full"),
    (None, "truncate"),
    (None, "drop column"),
    (None, "add column"),
    (Some(PARTITIONED), "set part = (part + 1)"),
];

/// `LAKEBASE_DATA_CASES` says how many, `LAKEBASE_DATA_SEED` with which one they begin.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_difference_is_what_except_finds_and_its_sql_removes_it() {
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let (cases, first) =
        (number("LAKEBASE_DATA_CASES").unwrap_or(12), number("LAKEBASE_DATA_SEED").unwrap_or(1));
    let mut random: Vec<(Rng, Model)> = Vec::new();
    for seed in first..first + cases {
        let mut rng = Rng::with_seed(seed);
        let model = Model::new(&mut rng, seed);
        random.push((rng, model));
    }
    let scripts: Vec<String> = random.iter().map(|(_, model)| model.create()).collect();
    let sides = Sides::branches(&scripts).await;
    let (mut failures, mut seen) = (String::new(), [false; WANTED.len()]);
    for (at, ((mut rng, mut model), sides)) in random.into_iter().zip(sides).enumerate() {
        let (seed, mut done) = (first + at as u64, vec![("both", scripts[at].clone())]);
        for (edit, number) in edits(&mut rng, seed, model.kind).into_iter().enumerate() {
            // The schema changes on the new side only.
            let is_new = number > 9 || rng.bool();
            let sql = model.edit(&mut rng, number, is_new, edit);
            for (seen, (kind, text)) in seen.iter_mut().zip(&WANTED) {
                *seen |= sql.contains(text) && kind.is_none_or(|kind| kind == model.kind);
            }
            if is_new {
                sides.on_new(&sql).await
            } else {
                sides.on_old(&sql).await
            }
            done.push((if is_new { "new" } else { "old" }, sql));
        }
        let writer = sides.writer("t").await;
        let checked = sides.check("t", &model.compared()).await;
        writer.abort();
        if let Err(error) = checked {
            writeln!(failures, "## seed {seed}\n{error}\n{done:#?}").unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
    let missing: Vec<_> =
        WANTED.iter().zip(seen).filter(|(_, seen)| !seen).map(|((_, text), _)| text).collect();
    assert!(cases < EDITS || missing.is_empty(), "no case had {missing:?}");
}
