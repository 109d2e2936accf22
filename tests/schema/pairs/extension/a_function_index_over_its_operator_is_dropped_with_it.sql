-- requires-extension: intarray
-- requires-extension: btree_gin
-- old
CREATE EXTENSION intarray; CREATE EXTENSION btree_gin; CREATE TABLE t (a int[], n int); CREATE INDEX i ON t USING gin (a gin__int_ops, n); CREATE FUNCTION has(x int[], y int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT x @> ARRAY[y]'; CREATE VIEW v AS SELECT * FROM t WHERE n > 1; CREATE TABLE k (q query_int);
-- new
CREATE TABLE t (a int[], n int); CREATE INDEX i ON t USING gin (a); CREATE INDEX j ON t (n); CREATE FUNCTION has(x int[], y int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT x @> ARRAY[y]'; CREATE VIEW v AS SELECT * FROM t WHERE n > 2; CREATE TABLE k (q text);
