-- expect: refused back
-- old
CREATE TYPE addr AS (street text, zip int); CREATE TABLE t (id int, a addr, h addr[]); CREATE VIEW v AS SELECT id, (a).street FROM t;
-- new
CREATE TYPE addr AS (street text, zip int, country text); CREATE TABLE t (id int, a addr, h addr[]); CREATE VIEW v AS SELECT id, (a).street, (a).country FROM t;
-- one-way
-- data
INSERT INTO t VALUES (1, ROW('s',1), ARRAY[ROW('x',2)::addr]);
-- check: SELECT (a).street || (h[1]).zip FROM t => s2
