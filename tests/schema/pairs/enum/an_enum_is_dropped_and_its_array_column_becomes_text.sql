-- old
CREATE TYPE s AS ENUM ('a','b'); CREATE TABLE t (id int PRIMARY KEY, r s[] NOT NULL DEFAULT '{}'); CREATE INDEX i ON t USING gin (r); COMMENT ON TYPE s IS 'x';
-- new
CREATE TABLE t (id int PRIMARY KEY, r text[] NOT NULL DEFAULT '{}'); CREATE INDEX i ON t USING gin (r);
-- data
INSERT INTO t VALUES (1,'{a,b}');
-- check: SELECT r FROM t => {a,b}
