//! The ways in which differences are found, and what of a table is compared.

use futures_util::TryStreamExt as _;
use lakebase::data::{DataError, DataEvent, Method, Options, RowKey, compare, stream};

use super::sides::Sides;

const ORDERS: &str =
    "create table orders (id bigint primary key, customer int not null, note text, paid numeric);
    insert into orders select g, g % 97, repeat(md5(g::text), 4), g / 3.0 from generate_series(1, 20000) g;";

fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn branches_are_compared_by_blocks_and_a_rewritten_table_by_keys() {
    let sides = Sides::branch(ORDERS).await;
    assert!(sides.compare().await.is_empty());
    sides
        .on_new(
            "update orders set note = 'new' where id % 4001 = 7; delete from orders where id = 15000;
        insert into orders values (-5, 1, null, null)",
        )
        .await;
    sides.on_old("update orders set customer = 0 where id = 19999").await;
    let diff = sides.check("orders", &columns(&["id", "customer", "note", "paid"])).await.unwrap();
    assert_eq!(diff.summary(), "1 row added, 1 removed, 6 changed in 1 table");
    let table = diff.table("orders").unwrap();
    assert_eq!((table.method, &table.key), (Method::Blocks, &RowKey::PrimaryKey));
    assert!(table.reason.contains("sampled blocks are equal"), "{}", table.reason);

    sides.on_new("delete from orders where id < 1000; update orders set paid = -1 where id = 9999; vacuum full orders").await;
    let diff = sides.check("orders", &columns(&["id", "customer", "note", "paid"])).await.unwrap();
    assert_eq!(diff.table("public.orders").unwrap().method, Method::KeyRanges);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unrelated_tables_are_compared_by_hashes_of_their_keys() {
    let sides = Sides::unrelated("create table t (name text primary key, v int, filler text)").await;
    let fill = |order: &str| {
        format!("insert into t select 'n' || g, g, repeat('x', 300) from generate_series(1, 9000) g {order}")
    };
    sides.on_old(&fill("")).await;
    sides.on_new(&fill("order by md5(g::text)")).await;
    assert!(sides.compare().await.is_empty());
    sides.on_new("update t set v = 0 where v % 1000 = 1; delete from t where v = 55").await;
    let diff = sides.check("t", &columns(&["name", "v", "filler"])).await.unwrap();
    assert_eq!(diff.table("t").unwrap().method, Method::KeyHashes);
    assert_eq!((diff.counts().changed, diff.counts().removed), (9, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_without_a_key_are_counted() {
    let sides = Sides::unrelated(
        "create table t (a int, b text); insert into t values (1, 'x'), (1, 'x'), (2, null)",
    )
    .await;
    sides.on_new("insert into t values (1, 'x'), (2, null); delete from t where ctid = '(0,3)'").await;
    let diff = sides.check("t", &columns(&["a", "b"])).await.unwrap();
    let table = diff.table("t").unwrap();
    assert_eq!((table.counts.added, table.counts.removed, table.counts.changed), (1, 0, 0));
    assert_eq!(table.key, RowKey::WholeRow);
    assert!(diff.to_string().contains("compared by whole rows"), "{diff}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unique_index_serves_as_key_and_a_partial_one_does_not() {
    let sides = Sides::unrelated(
        "create table t (a int not null, b text, c int); create unique index u on t (a);
        create table s (a int not null, b text); create unique index p on s (a) where a > 0;
        insert into t values (1, 'x', 1), (2, 'y', 2); insert into s values (1, 'x')",
    )
    .await;
    sides.on_new("update t set b = 'z' where a = 2; update s set b = 'z'").await;
    let diff = sides.compare().await;
    let (t, s) = (diff.table("t").unwrap(), diff.table("s").unwrap());
    assert_eq!((&t.key, t.counts.changed), (&RowKey::UniqueIndex("u".to_owned()), 1));
    assert_eq!((&s.key, s.counts.added, s.counts.removed), (&RowKey::WholeRow, 1, 1));
    let change = &t.rows[0];
    assert_eq!(change.key().collect::<Vec<_>>(), [("a", Some("2"))]);
    assert_eq!((change.before("b"), change.after("b")), (Some("y"), Some("z")));
    assert_eq!(change.values().count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_moved_between_partitions_are_found() {
    let sides = Sides::branch(
        "create table t (id int, region text, v int, primary key (id, region)) partition by list (region);
        create table t_a partition of t for values in ('a'); create table t_b partition of t default;
        insert into t select g, case when g % 2 = 0 then 'a' else 'b' end, g from generate_series(1, 5000) g",
    )
    .await;
    sides
        .on_new(
            "update t set region = 'c' where id = 500; update t set v = -1 where id = 777;
        create table t_c partition of t for values in ('z'); insert into t values (9001, 'z', 1)",
        )
        .await;
    let diff = sides.check("t", &columns(&["id", "region", "v"])).await;
    let diff = diff.unwrap();
    assert_eq!((diff.counts().added, diff.counts().removed, diff.counts().changed), (2, 1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemas_may_differ_and_certain_renames_are_followed() {
    let sides = Sides::branch(
        "create table t (id int primary key, a text, b int, d int generated always as (b * 2) stored);
        create table gone (id int); create table was (id int primary key, v text);
        insert into t values (1, 'x', 1), (2, 'y', 2); insert into was values (1, 'one')",
    )
    .await;
    sides.on_new("alter table t rename a to name; alter table t add extra int default 7; alter table t drop b cascade;
        alter table was rename to \"is\"; update \"is\" set v = 'two'; create table fresh (id int); drop table gone;
        update t set name = 'z' where id = 2").await;
    let diff = sides.compare().await;
    let t = diff.table("t").unwrap();
    assert_eq!(t.left_out, ["b (only old)", "d (only old)", "extra (only new)"]);
    assert_eq!(
        t.rows[0].values().map(|v| (v.column, v.before, v.after)).collect::<Vec<_>>(),
        [("name", Some("y"), Some("z"))]
    );
    assert_eq!(diff.table("public.is").unwrap().counts.changed, 1);
    assert_eq!(
        (diff.only_old.as_slice(), diff.only_new.as_slice()),
        (&["public.gone".to_owned()][..], &["public.fresh".to_owned()][..])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_columns_and_rows_are_chosen() {
    let sides = Sides::unrelated(
        "create table t (id int primary key, v int, w int); create table s (id int primary key);
        insert into t select g, g, g from generate_series(1, 700) g",
    )
    .await;
    sides.on_new("update t set v = v + 1; update t set w = 0 where id = 3; insert into s values (1)").await;
    let diff = sides.compare_with(&Options::default().tables(["t"]).ignore_columns(["t.v"])).await;
    assert_eq!((diff.tables.len(), diff.counts().changed), (1, 1));
    let diff = sides.compare_with(&Options::default().exclude_tables(["public.s"]).row_limit(10)).await;
    assert_eq!((diff.counts().changed, diff.rows().count(), diff.tables[0].is_complete()), (700, 10, false));
    assert!(diff.to_sql().contains("-- public.t: 690 more changes left out"), "{}", diff.to_sql());
    let (mut old, mut new) = (sides.old.connect().await, sides.new.connect().await);
    let unknown = compare(&mut old, &mut new, &Options::default().tables(["nothing"])).await.unwrap_err();
    assert!(matches!(unknown, DataError::UnknownName { .. }), "{unknown}");

    let events: Vec<DataEvent> = stream(old, new, Options::default()).try_collect().await.unwrap();
    let rows = events.iter().filter(|event| matches!(event, DataEvent::Row(_))).count();
    assert_eq!((rows, events.len()), (701, 703));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sequences_and_large_objects_are_reported() {
    let sides = Sides::branch("create sequence s; select nextval('s'); select lo_from_bytea(70001, 'abc'), lo_from_bytea(70002, 'abc')").await;
    sides.on_new("select nextval('s'); select lo_put(70001, 1, 'X'); select lo_unlink(70002); select lo_from_bytea(70003, 'n')").await;
    let diff = sides.compare().await;
    assert_eq!(diff.sequences.len(), 1);
    assert_eq!((diff.sequences[0].before, diff.sequences[0].after), (Some(1), Some(2)));
    let objects = &diff.large_objects;
    assert_eq!(
        (&objects.added[..], &objects.removed[..], &objects.changed[..]),
        (&[70003][..], &[70002][..], &[70001][..])
    );
}
