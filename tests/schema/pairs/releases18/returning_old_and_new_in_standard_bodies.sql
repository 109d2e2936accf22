-- min-version: 18
-- old
CREATE TABLE t (id int PRIMARY KEY, n int);
CREATE FUNCTION bump(i int) RETURNS int BEGIN ATOMIC UPDATE t SET n = n + 1 WHERE id = i RETURNING n; END;
-- new
CREATE TABLE t (id uuid PRIMARY KEY DEFAULT uuidv7(), n int);
CREATE FUNCTION bump(i uuid) RETURNS int BEGIN ATOMIC UPDATE t SET n = n + 1 WHERE id = i RETURNING WITH (OLD AS o, NEW AS w) w.n - o.n; END;
CREATE FUNCTION seen(VARIADIC a text[]) RETURNS text LANGUAGE sql AS 'SELECT a[1]';
