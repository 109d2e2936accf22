-- old
CREATE TYPE addr AS (street text, no int);
CREATE FUNCTION f(addr) RETURNS text LANGUAGE sql AS 'SELECT $1.street';
CREATE TABLE t (id int);
CREATE VIEW v AS SELECT f(ROW('x', 1)::addr) AS y FROM t;
-- new
CREATE TYPE addr AS (street text, no int, zip text);
CREATE FUNCTION f(addr) RETURNS text LANGUAGE sql AS 'SELECT $1.street';
CREATE TABLE t (id int, home addr);
CREATE VIEW v AS SELECT f(ROW('x', 1, 'z')::addr) AS y FROM t;
