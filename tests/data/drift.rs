//! Three-way comparison, held to a model of rows in memory.

use std::{collections::BTreeMap, fmt::Write as _};

use fastrand::Rng;
use lakebase::data::{DataConflictKind, FromBase, Options, drift};

use super::sides::Sides;
use crate::support::postgres::Database;

type Rows = BTreeMap<i32, i32>;

/// The state of the rows after random edits.
fn edited(rng: &mut Rng, base: &Rows) -> (Rows, String) {
    let (mut rows, mut sql) = (base.clone(), String::new());
    for _ in 0..rng.usize(0..40) {
        let (key, value) = (rng.i32(0..120), rng.i32(0..3));
        match rng.u8(0..3) {
            0 => {
                rows.remove(&key);
                writeln!(sql, "delete from t where id = {key};").unwrap();
            }
            _ => {
                rows.insert(key, value);
                writeln!(
                    sql,
                    "insert into t values ({key}, {value}.00) on conflict (id) do update set v = excluded.v;"
                )
                .unwrap();
            }
        }
    }
    (rows, sql)
}

fn conflict(base: Option<&i32>, ours: Option<&i32>, theirs: Option<&i32>) -> Option<DataConflictKind> {
    if ours == base || theirs == base || ours == theirs {
        return None;
    }
    Some(match (base, ours, theirs) {
        (None, ..) => DataConflictKind::BothAdded,
        (_, Some(_), Some(_)) => DataConflictKind::BothChanged,
        _ => DataConflictKind::RemovedAndChanged,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflicts_are_those_of_a_simple_model() {
    for seed in 0..6 {
        let mut rng = Rng::with_seed(seed);
        let base: Rows = (0..100).map(|key| (key, key % 3)).collect();
        let make = "create table t (id int primary key, v numeric); insert into t select g, g % 3 from generate_series(0, 99) g";
        let sides = Sides::unrelated(make).await;
        let empty = Sides::unrelated(make).await;
        let ((ours, our_sql), (theirs, their_sql)) = (edited(&mut rng, &base), edited(&mut rng, &base));
        sides.on_old(&their_sql).await;
        sides.on_new(&our_sql).await;
        let found = three_way(&empty.old, &sides).await;
        let mut expected: Vec<(i32, DataConflictKind)> = (0..120)
            .filter_map(|key| Some((key, conflict(base.get(&key), ours.get(&key), theirs.get(&key))?)))
            .collect();
        expected.sort_by_key(|(key, _)| *key);
        let key =
            |row: &lakebase::data::RowChange| row.key().next().unwrap().1.unwrap().parse::<i32>().unwrap();
        let mut conflicts: Vec<_> = found.conflicts.iter().map(|c| (key(&c.ours), c.kind)).collect();
        conflicts.sort_by_key(|(key, _)| *key);
        assert_eq!(conflicts, expected, "seed {seed}");
        assert_eq!(found.conflict_count as usize, expected.len());
        let differing = |rows: &Rows| (0..120).filter(|key| base.get(key) != rows.get(key)).count() as u64;
        assert_eq!(found.ours.counts().total(), differing(&ours));
        assert_eq!(found.theirs.counts().total(), differing(&theirs));
    }
}

async fn three_way(base: &Database, sides: &Sides) -> lakebase::data::DataDrift {
    let (mut base, mut other) = (base.connect().await, base.connect().await);
    let (mut theirs, mut ours) = (sides.old.connect().await, sides.new.connect().await);
    let our = FromBase { base: &mut base, side: &mut ours };
    let their = FromBase { base: &mut other, side: &mut theirs };
    drift(our, their, &Options::default()).await.unwrap()
}
