-- old
CREATE TABLE a (id int PRIMARY KEY, n text); CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a);
-- new
CREATE SCHEMA history; CREATE TABLE a (id int PRIMARY KEY, n text, deleted_at timestamptz); CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a, deleted_at timestamptz);
CREATE TABLE history.a (LIKE a, changed_at timestamptz NOT NULL DEFAULT now(), op char(1)); CREATE TABLE history.b (LIKE b, changed_at timestamptz NOT NULL DEFAULT now(), op char(1)); CREATE INDEX ON history.a (id, changed_at DESC); CREATE INDEX ON history.b (id, changed_at DESC);
CREATE FUNCTION history.keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = history AS $$BEGIN EXECUTE format('INSERT INTO history.%I SELECT ($1).*, now(), $2', tg_table_name) USING old, left(tg_op, 1); RETURN NULL; END$$;
CREATE TRIGGER keep AFTER UPDATE OR DELETE ON a FOR EACH ROW EXECUTE FUNCTION history.keep(); CREATE TRIGGER keep AFTER UPDATE OR DELETE ON b FOR EACH ROW EXECUTE FUNCTION history.keep();
CREATE FUNCTION soft() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN EXECUTE format('UPDATE %s SET deleted_at = now() WHERE id = $1', tg_relid::regclass) USING old.id; RETURN NULL; END$$; CREATE TRIGGER soft BEFORE DELETE ON a FOR EACH ROW WHEN (old.deleted_at IS NULL) EXECUTE FUNCTION soft();
CREATE VIEW live_a AS SELECT id, n FROM a WHERE deleted_at IS NULL; CREATE RULE soft AS ON DELETE TO live_a DO INSTEAD UPDATE a SET deleted_at = now() WHERE id = old.id;
REVOKE ALL ON SCHEMA history FROM PUBLIC; GRANT USAGE ON SCHEMA history TO app_reader; GRANT SELECT ON ALL TABLES IN SCHEMA history TO app_reader;
