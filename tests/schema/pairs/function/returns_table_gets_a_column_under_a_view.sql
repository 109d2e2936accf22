-- old
CREATE TABLE t (id int PRIMARY KEY, n text, at timestamptz);
CREATE FUNCTION search(q text) RETURNS TABLE (id int, n text) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$SELECT id, n FROM t WHERE n LIKE q$$;
REVOKE ALL ON FUNCTION search(text) FROM PUBLIC; GRANT EXECUTE ON FUNCTION search(text) TO alice; COMMENT ON FUNCTION search(text) IS 'finds';
CREATE VIEW found AS SELECT * FROM search('a%');
-- new
CREATE TABLE t (id int PRIMARY KEY, n text, at timestamptz);
CREATE FUNCTION search(q text) RETURNS TABLE (id int, n text, at timestamptz) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$SELECT id, n, at FROM t WHERE n LIKE q$$;
REVOKE ALL ON FUNCTION search(text) FROM PUBLIC; GRANT EXECUTE ON FUNCTION search(text) TO alice; COMMENT ON FUNCTION search(text) IS 'finds';
CREATE VIEW found AS SELECT * FROM search('a%');
