-- require: ALTER TABLE .*RENAME TO
-- forbid: DROP|CREATE TABLE
-- base
CREATE TABLE customer (id serial PRIMARY KEY, name text);
CREATE INDEX customer_name ON customer (name);
CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customer);
CREATE VIEW names AS SELECT name FROM customer;
-- old
-- new
ALTER TABLE customer RENAME TO client;
-- data
INSERT INTO customer (name) VALUES ('ann');
-- check: SELECT name FROM client; => ann
