-- recreates: t.y
-- check: SELECT y FROM t => b
-- old
CREATE TYPE e AS ENUM ('a', 'b', 'c');
CREATE TABLE t (x e, y e GENERATED ALWAYS AS (CASE WHEN x = 'a' THEN 'b'::e ELSE x END) STORED);
CREATE VIEW v AS SELECT y FROM t;
-- data
INSERT INTO t VALUES ('a');
-- new
CREATE TYPE e AS ENUM ('a', 'b');
CREATE TABLE t (x e, y e GENERATED ALWAYS AS (CASE WHEN x = 'a' THEN 'b'::e ELSE x END) STORED);
CREATE VIEW v AS SELECT y FROM t;
