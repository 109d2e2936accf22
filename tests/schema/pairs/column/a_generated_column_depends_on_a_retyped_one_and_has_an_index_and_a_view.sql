-- recreates: t.total
-- old
CREATE TABLE t (id int PRIMARY KEY, price numeric(8,2), qty int, total numeric GENERATED ALWAYS AS (price * qty) STORED); CREATE INDEX t_total ON t (total); CREATE VIEW v AS SELECT id, total FROM t; ALTER TABLE t ADD CHECK (total >= 0); COMMENT ON COLUMN t.total IS 'sum';
-- new
CREATE TABLE t (id int PRIMARY KEY, price numeric(12,4), qty bigint, total numeric GENERATED ALWAYS AS (price * qty) STORED); CREATE INDEX t_total ON t (total); CREATE VIEW v AS SELECT id, total FROM t; ALTER TABLE t ADD CHECK (total >= 0); COMMENT ON COLUMN t.total IS 'sum';
-- data
INSERT INTO t(id,price,qty) VALUES (1, 2.5, 4);
-- check: SELECT total FROM v => 10.0000
