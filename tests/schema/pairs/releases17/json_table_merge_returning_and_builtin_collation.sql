-- min-version: 17
-- old
CREATE TABLE t (id int PRIMARY KEY, j jsonb); CREATE COLLATION b (provider = builtin, locale = 'C'); CREATE TABLE u (a text COLLATE b);
CREATE VIEW v AS SELECT x.* FROM t, JSON_TABLE(j, '$[*]' COLUMNS (n FOR ORDINALITY, a int PATH '$.a')) x;
-- new
CREATE TABLE t (id int PRIMARY KEY, j jsonb); CREATE COLLATION b (provider = builtin, locale = 'C.UTF-8'); CREATE TABLE u (a text COLLATE b);
CREATE VIEW v AS SELECT x.* FROM t, JSON_TABLE(j, '$[*]' COLUMNS (n FOR ORDINALITY, a int PATH '$.a', NESTED PATH '$.k[*]' COLUMNS (k text PATH '$' DEFAULT 'z' ON EMPTY))) x;
CREATE VIEW w AS SELECT JSON_VALUE(j, '$.a' RETURNING int) AS a, JSON_EXISTS(j, '$.b') AS e, JSON_QUERY(j, '$.c' WITH WRAPPER) AS q FROM t;
CREATE FUNCTION m() RETURNS void BEGIN ATOMIC MERGE INTO t USING u ON t.id::text = u.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED BY SOURCE THEN DELETE; END;
