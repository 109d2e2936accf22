-- forbid: DROP (TABLE|COLUMN|TYPE)
-- old
CREATE TYPE addr AS (street text, zip text); CREATE TABLE t (id int, a addr, more addr[]); CREATE FUNCTION z(addr) RETURNS text LANGUAGE sql AS 'SELECT ($1).zip'; CREATE VIEW v AS SELECT (a).street FROM t;
-- new
CREATE TYPE addr AS (street text, zip text, country text); CREATE TABLE t (id int, a addr, more addr[]); CREATE FUNCTION z(addr) RETURNS text LANGUAGE sql AS 'SELECT ($1).zip'; CREATE VIEW v AS SELECT (a).street, (a).country FROM t;
