-- old
CREATE TABLE p (id int NOT NULL, k int NOT NULL, PRIMARY KEY (id, k)) PARTITION BY LIST (k); CREATE TABLE old_orders (id serial PRIMARY KEY, k int);
-- new
CREATE TABLE p (id int NOT NULL, k int NOT NULL, PRIMARY KEY (id, k)) PARTITION BY LIST (k); CREATE TABLE old_orders (id serial NOT NULL, k int NOT NULL, CONSTRAINT old_orders_pkey PRIMARY KEY (id, k)); ALTER TABLE p ATTACH PARTITION old_orders FOR VALUES IN (7);
-- data
INSERT INTO old_orders (k) VALUES (7);
-- check: SELECT count(*) FROM p => 1
