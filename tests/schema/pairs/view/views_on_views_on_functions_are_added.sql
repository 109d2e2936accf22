-- old
CREATE TABLE t (a int);
-- new
CREATE TABLE t (a int);
CREATE VIEW z_first AS SELECT a FROM t;
CREATE FUNCTION f() RETURNS SETOF z_first LANGUAGE sql STABLE AS 'SELECT * FROM z_first';
CREATE VIEW a_second AS SELECT f.a + 1 AS a FROM f() f;
CREATE VIEW b_third AS SELECT s.a, z.a AS z FROM a_second s JOIN z_first z USING (a);
