-- old
CREATE TABLE t (id text);
-- new
CREATE FUNCTION short_id() RETURNS text LANGUAGE sql AS $$SELECT substr(md5(random()::text), 1, 8)$$;
CREATE TABLE t (id text DEFAULT short_id());
