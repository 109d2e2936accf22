//! Taking rows from one database to another.

use lakebase::data::{
    Applied, ApplyOptions, ChangeKind, ConflictPolicy, DataDiff, DataError, Options, Triggers,
};

use super::sides::Sides;

const SHOP: &str = "create table customers (id int primary key, email text unique, name text);
    create table orders (id int generated always as identity primary key, customer int not null references customers,
        note text, total numeric(9, 2), double numeric generated always as (total * 2) stored);
    create table lines (order_id int references orders on delete cascade, n int, what jsonb, primary key (order_id, n));
    create table tree (id int primary key, parent int references tree);
    create table log (what text); create table heap (a int, b json);
    create function note() returns trigger language plpgsql as $$ begin insert into public.log values (tg_op); return null; end $$;
    create trigger noted after insert or update or delete on orders for each row execute function note();
    insert into customers select g, 'c' || g || '@example.com', 'n' || g from generate_series(1, 50) g;
    insert into orders (customer, total) select 1 + g % 50, g from generate_series(1, 500) g;
    insert into lines select o, n, '{\"a\": 1}' from generate_series(1, 500) o, generate_series(1, 3) n;
    insert into tree select g, nullif(g / 2, 0) from generate_series(1, 40) g;
    insert into heap values (1, '{}'), (1, '{}'), (2, null);
    truncate log;";

impl Sides {
    /// Applies to the old side what takes it to the new one.
    async fn apply(&self, diff: &DataDiff, options: &ApplyOptions) -> Result<Applied, DataError> {
        let mut target = self.old.connect().await;
        diff.apply(&mut target, options).await
    }

    async fn ask_old(&self, query: &str) -> String {
        self.old.psql(query.to_owned()).await.unwrap().trim().to_owned()
    }
}

async fn shop() -> (Sides, Options) {
    (Sides::unrelated(SHOP).await, Options::default().exclude_tables(["log"]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_rows_come_back_in_the_order_of_their_foreign_keys() {
    let (sides, options) = shop().await;
    sides.on_old("delete from orders where customer < 5; delete from customers where id < 5;
        update tree set parent = null; delete from tree where id < 9; delete from heap where a = 1; truncate log").await;
    let diff = sides.compare_with(&options).await;
    let lost =
        diff.pick(["customers", "orders", "lines", "tree", "heap"], |row| row.kind() == ChangeKind::Added);
    let tried = sides.apply(&lost, &ApplyOptions::default().dry_run(true)).await.unwrap();
    assert_eq!((tried.committed, tried.counts.total()), (false, lost.counts().total()));
    assert_eq!(sides.compare_with(&options).await.counts(), diff.counts(), "a dry run changes nothing");
    let applied = sides.apply(&lost, &ApplyOptions::default()).await.unwrap();
    assert_eq!((applied.committed, applied.counts), (true, lost.counts()));
    assert_eq!(sides.ask_old("select count(*) from log where what = 'INSERT'").await, "40");
    let rest = sides.compare_with(&options).await;
    assert_eq!((rest.counts().added, rest.counts().removed), (0, 0), "{rest}");
    sides.apply(&rest, &ApplyOptions::default()).await.unwrap();
    let left = sides.compare_with(&options).await;
    assert!(left.is_empty(), "{left}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unique_values_move_and_references_move_away_from_what_is_deleted() {
    let (sides, options) = shop().await;
    // A unique value is used again by a new row.
    sides
        .on_new(
            "delete from orders where customer = 7; delete from customers where id = 7;
        insert into customers values (70, 'c7@example.com', 'again')",
        )
        .await;
    let diff = sides.compare_with(&options).await;
    sides.apply(&diff, &ApplyOptions::default()).await.unwrap();
    assert!(sides.compare_with(&options).await.is_empty());
    // Orders of a customer go to a new one, and the old one is deleted.
    sides
        .on_new(
            "insert into customers values (80, 'merged@example.com', 'merged');
        update orders set customer = 80 where customer in (8, 9); delete from customers where id in (8, 9)",
        )
        .await;
    let diff = sides.compare_with(&options).await;
    let applied = sides.apply(&diff, &ApplyOptions::default()).await.unwrap();
    assert_eq!((applied.counts.added, applied.counts.removed, applied.counts.changed), (1, 2, 20));
    assert!(sides.compare_with(&options).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_changed_since_are_refused_replaced_or_left() {
    let (sides, options) = shop().await;
    sides
        .on_new(
            "update orders set note = 'mine' where id in (1, 2, 3); delete from lines where order_id = 4;
        insert into customers values (60, 'sixty@example.com', 'mine')",
        )
        .await;
    let diff = sides.compare_with(&options).await;
    sides.on_old("update orders set total = 0 where id = 2; delete from orders where id = 3;
        update lines set what = '[]' where order_id = 4 and n = 1; insert into customers values (60, 'other', 'theirs')").await;
    let before = sides.compare_with(&options).await;
    let refused = sides.apply(&diff, &ApplyOptions::default()).await.unwrap_err();
    assert!(matches!(&refused, DataError::Conflicts { total: 4, .. }), "{refused}");
    assert_eq!(lakebase::Error::from(refused).kind(), lakebase::ErrorKind::FailedPrecondition);
    assert_eq!(sides.compare_with(&options).await.counts(), before.counts(), "nothing was applied");

    let tried = |policy| ApplyOptions::default().conflicts(policy).dry_run(true);
    let theirs = sides.apply(&diff, &tried(ConflictPolicy::Theirs)).await.unwrap();
    assert_eq!((theirs.conflicts.len(), theirs.counts.changed, theirs.counts.removed), (4, 1, 2));
    let ours = sides.apply(&diff, &ApplyOptions::default().conflicts(ConflictPolicy::Ours)).await.unwrap();
    assert_eq!((ours.counts.changed, ours.counts.added, ours.counts.removed), (3, 1, 3));
    assert_eq!(sides.ask_old("select note || total from orders where id = 2").await, "mine0.00");
    assert_eq!(sides.ask_old("select name from customers where id = 60").await, "mine");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn triggers_can_be_skipped_and_constraints_cannot() {
    let (sides, options) = shop().await;
    sides.on_new("update orders set note = 'x' where id < 9").await;
    let diff = sides.compare_with(&options).await;
    sides.on_old("truncate log").await;
    sides.apply(&diff, &ApplyOptions::default().triggers(Triggers::Skip)).await.unwrap();
    assert_eq!(sides.ask_old("select count(*) from log").await, "0");
    assert_eq!(sides.ask_old("select tgenabled from pg_trigger where tgname = 'noted'").await, "O");

    sides.on_new("insert into orders (customer) values (50)").await;
    let diff = sides.compare_with(&options).await;
    sides.on_old("delete from orders where customer = 50; delete from customers where id = 50").await;
    let broken = sides.apply(&diff, &ApplyOptions::default().dry_run(true)).await.unwrap_err();
    assert_eq!(lakebase::Error::from(broken).sqlstate().as_deref(), Some("23503"));
    let part = sides.compare_with(&options.row_limit(1)).await;
    let incomplete = sides.apply(&part, &ApplyOptions::default()).await.unwrap_err();
    assert!(matches!(incomplete, DataError::Incomplete { .. }), "{incomplete}");
}
