-- old
CREATE FUNCTION no_drop() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'nothing is dropped here'; END$$;
CREATE TABLE a (id int); CREATE TABLE b (id int); CREATE INDEX i ON b (id);
CREATE EVENT TRIGGER guard ON sql_drop EXECUTE FUNCTION no_drop();
CREATE EVENT TRIGGER guard2 ON ddl_command_start EXECUTE FUNCTION no_drop();
-- new
CREATE FUNCTION no_drop() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'nothing is dropped here'; END$$;
CREATE TABLE b (id int, n text); CREATE INDEX i ON b (n);
CREATE EVENT TRIGGER guard ON sql_drop EXECUTE FUNCTION no_drop(); ALTER EVENT TRIGGER guard DISABLE;
