-- old
CREATE TABLE t (id int, u timestamptz, v text); CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.u := now(); RETURN NEW; END$$; CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
-- new
CREATE SCHEMA app; CREATE TABLE t (id int, u timestamptz, v text); CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path TO '' AS $$BEGIN NEW.u := clock_timestamp(); RETURN NEW; END$$; CREATE TRIGGER touch BEFORE UPDATE OF v ON t FOR EACH ROW WHEN (OLD.v IS DISTINCT FROM NEW.v) EXECUTE FUNCTION app.touch();
