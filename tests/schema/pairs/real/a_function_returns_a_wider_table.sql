-- old
CREATE TABLE t (id int, n text); CREATE FUNCTION f() RETURNS TABLE (id int) LANGUAGE sql AS 'SELECT id FROM t'; CREATE VIEW v AS SELECT * FROM f();
-- new
CREATE TABLE t (id int, n text); CREATE FUNCTION f() RETURNS TABLE (id int, n text) LANGUAGE sql AS 'SELECT id, n FROM t'; CREATE VIEW v AS SELECT * FROM f();
