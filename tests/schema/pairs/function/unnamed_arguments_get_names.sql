-- forbid: DROP
-- one-way: true
-- old
CREATE FUNCTION f(int, text) RETURNS int LANGUAGE sql AS 'SELECT $1'; CREATE VIEW v AS SELECT f(1, 'a') AS x;
-- new
CREATE FUNCTION f(a int, b text DEFAULT 'q') RETURNS int LANGUAGE sql AS 'SELECT $1'; CREATE VIEW v AS SELECT f(1, 'a') AS x;
