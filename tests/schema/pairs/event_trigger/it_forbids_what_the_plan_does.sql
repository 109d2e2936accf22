-- old
CREATE TABLE gone (a int); CREATE TABLE t (a int);
-- new
CREATE TABLE t (a int, b int); CREATE INDEX i ON t (b);
CREATE FUNCTION no_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'not on a Friday'; END$$;
CREATE EVENT TRIGGER guard ON ddl_command_start WHEN TAG IN ('DROP TABLE', 'ALTER TABLE', 'CREATE TABLE', 'CREATE INDEX', 'DROP INDEX') EXECUTE FUNCTION no_ddl();
