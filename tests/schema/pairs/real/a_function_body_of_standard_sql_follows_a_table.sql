-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int, n int); CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(n) FROM t; END;
-- new
CREATE TABLE t (id int, n bigint); CREATE FUNCTION f() RETURNS numeric LANGUAGE sql BEGIN ATOMIC SELECT sum(t.n) FROM t WHERE t.id > 0; END;
