-- old
CREATE SEQUENCE s; CREATE TABLE t (id int, n text); CREATE VIEW v AS SELECT id, n FROM t; CREATE RULE i AS ON INSERT TO v DO INSTEAD INSERT INTO t VALUES (nextval('s'), new.n);
-- new
CREATE SEQUENCE s2; CREATE TABLE t (id int, n text, at date DEFAULT now()); CREATE VIEW v AS SELECT id, n, at FROM t; CREATE RULE i AS ON INSERT TO v DO INSTEAD INSERT INTO t VALUES (nextval('s2'), new.n, coalesce(new.at, now())) RETURNING t.*; CREATE RULE u AS ON UPDATE TO v DO INSTEAD (UPDATE t SET n = new.n WHERE id = old.id; INSERT INTO t SELECT 1, 'log'); ALTER VIEW v ALTER n SET DEFAULT 'x';
