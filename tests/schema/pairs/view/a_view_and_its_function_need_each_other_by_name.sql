-- old
CREATE TABLE t (id int PRIMARY KEY, n int); CREATE FUNCTION total() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT sum(n) FROM t';
CREATE VIEW v AS SELECT id, n, total() AS t FROM t; CREATE FUNCTION share(i int) RETURNS numeric LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT n::numeric / t FROM v WHERE id = i); END';
-- new
CREATE TABLE t (id int PRIMARY KEY, n numeric(9,2)); CREATE FUNCTION total() RETURNS numeric LANGUAGE sql STABLE AS 'SELECT sum(n) FROM t';
CREATE VIEW v AS SELECT id, total() AS t, n FROM t; CREATE FUNCTION share(i int, d int DEFAULT 2) RETURNS numeric LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT round(n / t, d) FROM v WHERE id = i); END';
