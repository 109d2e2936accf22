-- old
CREATE TABLE t (a int);
-- new
CREATE SCHEMA audit;
CREATE TABLE audit.ddl (at timestamptz DEFAULT now(), tag text, what text);
CREATE FUNCTION audit.record() RETURNS event_trigger LANGUAGE plpgsql AS $$DECLARE r record; BEGIN FOR r IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP INSERT INTO audit.ddl (tag, what) VALUES (r.command_tag, r.object_identity); END LOOP; END$$;
CREATE FUNCTION audit.dropped() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO audit.ddl (tag) VALUES (tg_tag); END$$;
CREATE TABLE t (a bigint, b text NOT NULL DEFAULT 'x'); CREATE INDEX i ON t (b);
CREATE EVENT TRIGGER a_end ON ddl_command_end EXECUTE FUNCTION audit.record();
CREATE EVENT TRIGGER a_drop ON sql_drop EXECUTE FUNCTION audit.dropped();
COMMENT ON EVENT TRIGGER a_end IS 'records'; 
