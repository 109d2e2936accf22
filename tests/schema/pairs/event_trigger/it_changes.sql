-- base
CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN END$$;
-- old
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION ev();
-- new
CREATE EVENT TRIGGER watch ON sql_drop EXECUTE FUNCTION ev();
ALTER EVENT TRIGGER watch DISABLE;
