-- old
CREATE TYPE s AS ENUM ('a','b'); CREATE TABLE t (id int, s s DEFAULT 'a', r s[]); CREATE INDEX i ON t (s);
-- new
CREATE SCHEMA types; CREATE TYPE types.s AS ENUM ('a','b','c'); CREATE TABLE t (id int, s types.s DEFAULT 'a', r types.s[]); CREATE INDEX i ON t (s);
-- data
INSERT INTO t VALUES (1,'b','{a,b}');
-- check: SELECT s::text || r::text FROM t => b{a,b}
