//! Restore of a branch to a moment of its past, in place.

use std::time::Duration;

use chrono::Utc;
use lakebase::{ErrorKind, Expiry, days, hours};

use crate::support::fixture::{Fixture, number, number_on, on_a_project, run};

const SHOP: &str = "
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE TABLE customer (id serial PRIMARY KEY, name text NOT NULL, feels mood, shout text GENERATED ALWAYS AS (upper(name)) STORED);
    CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int REFERENCES customer, parent int REFERENCES orders)
        PARTITION BY HASH (id);
    CREATE TABLE orders_0 PARTITION OF orders FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE orders_1 PARTITION OF orders FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE TABLE log (n serial, what text);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.log (what) VALUES (TG_OP); RETURN NEW; END $$;
    CREATE TRIGGER note AFTER INSERT ON customer FOR EACH ROW EXECUTE FUNCTION note();
    INSERT INTO customer (name, feels) SELECT 'customer ' || n, 'good' FROM generate_series(1, 100) AS n;
    INSERT INTO orders (customer, parent) SELECT n, NULL FROM generate_series(1, 100) AS n;
    CREATE MATERIALIZED VIEW names AS SELECT name FROM customer";

#[tokio::test]
async fn a_branch_is_brought_back_in_place_and_what_was_there_is_kept() {
    on_a_project(async |fixture: Fixture| {
        let main = fixture.main.handle();
        let shop = SHOP.replace(", parent int REFERENCES orders)", ", parent int)");
        run(main, &shop).await;
        let dev = fixture.branch("dev").await;
        let before = main.get().await.unwrap();
        let url = main.connection_info().await.unwrap().url();
        let mut session = main.connect().await.unwrap();
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let moment = Utc::now();
        tokio::time::sleep(Duration::from_millis(1100)).await;
        run(main, "DROP TABLE orders; DELETE FROM customer WHERE id > 50; ALTER TABLE customer DROP COLUMN feels CASCADE").await;
        run(main, "CREATE TABLE later AS SELECT 1 AS n; INSERT INTO customer (name) VALUES ('new')").await;

        let keep = main.restore_to(moment).keep_as("kept").keep_until(Expiry::after(days(1)));
        let restored = keep.await.unwrap();
        assert_eq!(restored.kept.id().as_str(), "kept");
        assert_eq!(restored.databases, ["databricks_postgres"]);
        for (sql, expected) in [
            ("SELECT count(*) FROM customer WHERE feels = 'good' AND shout = upper(name)", 100),
            ("SELECT count(*) FROM orders JOIN customer ON customer.id = orders.customer", 100),
            ("SELECT count(*) FROM log", 100),
            ("SELECT count(*) FROM names", 100),
            ("SELECT count(*) FROM pg_class WHERE relname = 'later'", 0),
            ("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND convalidated", 1),
        ] {
            assert_eq!(number_on(&mut session, sql).await, expected, "{sql}: in a session that was open all the time");
        }
        run(main, "INSERT INTO customer (name) VALUES ('next')").await;
        // PostgreSQL logs 32 numbers of a sequence at once, and a recovery skips those.
        let next = number(main, "SELECT max(id)::bigint FROM customer").await;
        assert!((101..=133).contains(&next), "the sequence goes on: {next}");
        assert_eq!(number(main, "SELECT count(*) FROM log").await, 101, "the trigger is on again");
        let after = main.get().await.unwrap();
        assert_eq!((&after.uid, after.is_default), (&before.uid, true));
        assert_eq!(main.connection_info().await.unwrap().url(), url);
        // What was there, and a child, are what they were.
        assert_eq!(number(&restored.kept, "SELECT count(*) FROM customer").await, 51);
        assert_eq!(number(&dev, "SELECT count(*) FROM customer").await, 100);
        let left = fixture.project.branches().await.unwrap();
        assert_eq!(left.len(), 3, "the temporary branch is gone: {left:?}");
    })
    .await;
}

#[tokio::test]
async fn a_restore_that_fails_leaves_the_branch_as_it_was() {
    on_a_project(async |fixture: Fixture| {
        let main = fixture.main.handle();
        run(main, "CREATE TABLE item AS SELECT 1::bigint AS n").await;
        let early = main.restore_to(Utc::now() - hours(24 * 300)).await.unwrap_err();
        assert_eq!(early.status(), Some(400), "{early}");
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let moment = Utc::now();
        tokio::time::sleep(Duration::from_millis(1100)).await;
        run(main, "UPDATE item SET n = 2; SELECT lo_create(0)").await;
        let objects = main.restore_to(moment).await.unwrap_err();
        assert_eq!(objects.kind(), ErrorKind::FailedPrecondition, "{objects}");
        assert_eq!(number(main, "SELECT n FROM item").await, 2);
        assert_eq!(fixture.project.branches().await.unwrap().len(), 1);
    })
    .await;
}
