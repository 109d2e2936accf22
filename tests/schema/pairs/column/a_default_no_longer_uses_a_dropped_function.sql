-- old
CREATE FUNCTION short_id() RETURNS text LANGUAGE sql AS $$SELECT 'x'::text$$;
CREATE TABLE t (id text DEFAULT short_id());
-- new
CREATE TABLE t (id text DEFAULT 'none');
