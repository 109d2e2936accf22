-- old
CREATE TYPE s AS ENUM ('a', 'c');
CREATE TABLE t (id int, x s DEFAULT 'a');
-- new
CREATE TYPE s AS ENUM ('a', 'b', 'c', 'd');
CREATE TABLE t (id int, x s DEFAULT 'd', CONSTRAINT k CHECK (x <> 'b'));
CREATE VIEW v AS SELECT * FROM t WHERE x IN ('b', 'd');
CREATE INDEX t_d ON t (id) WHERE x = 'd';
CREATE TABLE p (x s) PARTITION BY LIST (x);
CREATE TABLE p_b PARTITION OF p FOR VALUES IN ('b');
CREATE FUNCTION f(s DEFAULT 'b') RETURNS bool LANGUAGE sql BEGIN ATOMIC SELECT $1 = 'd'; END;
