-- recreate-tables
-- recreates: orders(_\w+)?(\.\w+)?
-- require: OVERRIDING SYSTEM VALUE
-- hazard: table rewrite.*public.orders
-- no-hazard: data loss on public.orders
-- base
CREATE TYPE state AS ENUM ('open', 'paid');
CREATE TABLE customer (id int PRIMARY KEY, name text);
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (NEW.id); RETURN NEW; END $$;
CREATE TABLE log (id bigint);
-- old
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY (START WITH 5 INCREMENT BY 5), at date NOT NULL, number serial, customer int REFERENCES customer,
  amount numeric(10, 2) CHECK (amount >= 0), double numeric GENERATED ALWAYS AS (amount * 2) STORED, state state DEFAULT 'open', note text COLLATE "C",
  CONSTRAINT orders_pkey PRIMARY KEY (id, at));
CREATE INDEX by_customer ON orders (customer) WHERE state = 'open'; CREATE UNIQUE INDEX by_number ON orders (number, at DESC); CREATE STATISTICS of_both ON customer, state FROM orders;
-- new
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY (START WITH 5 INCREMENT BY 5), at date NOT NULL, number serial, customer int REFERENCES customer,
  amount numeric(10, 2) CHECK (amount >= 0), double numeric GENERATED ALWAYS AS (amount * 2) STORED, state state DEFAULT 'open', note text COLLATE "C",
  CONSTRAINT orders_pkey PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE orders_2023 PARTITION OF orders FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE orders_2024 PARTITION OF orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY HASH (at);
CREATE TABLE orders_2024_a PARTITION OF orders_2024 FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE orders_2024_b PARTITION OF orders_2024 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE orders_rest PARTITION OF orders DEFAULT;
CREATE INDEX by_customer ON orders (customer) WHERE state = 'open'; CREATE UNIQUE INDEX by_number ON orders (number, at DESC); CREATE STATISTICS of_both ON customer, state FROM orders;
-- after
CREATE TABLE item (order_id bigint, at date, what text, FOREIGN KEY (order_id, at) REFERENCES orders ON DELETE CASCADE);
CREATE VIEW open_orders AS SELECT id, double FROM orders WHERE state = 'open'; CREATE VIEW sums AS SELECT sum(double) AS s FROM open_orders;
CREATE MATERIALIZED VIEW totals AS SELECT state, sum(amount) AS amount FROM orders GROUP BY state; CREATE UNIQUE INDEX ON totals (state);
CREATE FUNCTION newest() RETURNS SETOF orders LANGUAGE sql BEGIN ATOMIC SELECT * FROM orders ORDER BY at DESC LIMIT 1; END;
CREATE TRIGGER noted AFTER INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION noted();
ALTER TABLE orders ENABLE ROW LEVEL SECURITY; ALTER TABLE orders FORCE ROW LEVEL SECURITY; CREATE POLICY own ON orders USING (note = current_user);
GRANT SELECT ON orders, open_orders TO alice; GRANT UPDATE (note) ON orders TO bob; ALTER TABLE orders OWNER TO alice;
COMMENT ON TABLE orders IS 'of customers'; COMMENT ON COLUMN orders.note IS 'free'; COMMENT ON CONSTRAINT orders_pkey ON orders IS 'key'; COMMENT ON INDEX by_customer IS 'partial';
CREATE PUBLICATION told FOR TABLE orders;
-- data
INSERT INTO customer VALUES (1, 'a'), (2, 'b');
INSERT INTO orders (at, customer, amount, state, note) SELECT '2023-11-01'::date + n, 1 + n % 2, n, CASE n % 3 WHEN 0 THEN 'open' ELSE 'paid' END::state, n::text FROM generate_series(1, 100) n;
INSERT INTO item SELECT id, at, note FROM orders; DELETE FROM log; REFRESH MATERIALIZED VIEW totals;
-- check: SELECT count(*), sum(amount), sum(double), min(id), max(id), max(number) FROM orders; => 100|5050.00|10100.00|5|500|100
-- check: SELECT count(*) FROM orders_2023; => 60
-- check: SELECT count(*) FROM item JOIN orders USING (at) WHERE id = order_id; => 100
-- check: SELECT count(*) FROM log; => 0
-- check: SELECT sum(amount) FROM totals; => 5050.00
-- check: INSERT INTO orders (at, amount) VALUES ('2024-02-01', 1) RETURNING id, number; => 505|101
