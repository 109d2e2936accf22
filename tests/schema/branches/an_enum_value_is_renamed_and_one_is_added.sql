-- require: RENAME VALUE 'b' TO 'bee'
-- forbid: CREATE TYPE|DROP
-- base
CREATE TYPE st AS ENUM ('a', 'b');
CREATE DOMAIN best AS st DEFAULT 'b' CHECK (VALUE <> 'a');
CREATE TABLE t (s st DEFAULT 'b', d best, CHECK (s >= 'b' OR s = 'a'));
CREATE INDEX i ON t (d) WHERE s = 'b';
CREATE VIEW v AS SELECT s FROM t WHERE s = 'b';
CREATE MATERIALIZED VIEW m AS SELECT s FROM t WHERE s = 'b';
CREATE TABLE p (s st) PARTITION BY LIST (s);
CREATE TABLE p_b PARTITION OF p FOR VALUES IN ('b');
CREATE POLICY own ON t USING (s = 'b');
-- old
-- new
ALTER TYPE st RENAME VALUE 'b' TO 'bee'; ALTER TYPE st ADD VALUE 'c'; ALTER TYPE st ADD VALUE 'ab' BEFORE 'bee';
-- data
INSERT INTO t VALUES ('b', 'b'); INSERT INTO p VALUES ('b');
-- check: SELECT s, d, (SELECT s FROM p_b) FROM t; => bee|bee|bee
