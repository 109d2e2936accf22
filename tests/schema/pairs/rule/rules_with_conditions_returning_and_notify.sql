-- old
CREATE TABLE t (id int PRIMARY KEY, n text); CREATE TABLE log (id int, was text);
CREATE RULE r AS ON UPDATE TO t WHERE old.n IS DISTINCT FROM new.n DO ALSO INSERT INTO log VALUES (old.id, old.n);
CREATE VIEW v AS SELECT id, n FROM t;
CREATE RULE del AS ON DELETE TO v DO INSTEAD NOTHING;
-- new
CREATE TABLE t (id bigint PRIMARY KEY, n text); CREATE TABLE log (id bigint, was text, at timestamptz DEFAULT now());
CREATE RULE r AS ON UPDATE TO t WHERE old.n IS DISTINCT FROM new.n DO ALSO (INSERT INTO log VALUES (old.id, old.n); DELETE FROM log WHERE was IS NULL);
CREATE VIEW v AS SELECT id, n, upper(n) AS u FROM t;
CREATE RULE del AS ON DELETE TO v DO INSTEAD DELETE FROM t WHERE id = old.id RETURNING t.id, t.n, 'x'::text;
COMMENT ON RULE r ON t IS 'history';
