-- old
CREATE FUNCTION key(text) RETURNS int LANGUAGE sql IMMUTABLE AS $$SELECT length($1)$$;
CREATE TABLE u (name text);
CREATE INDEX u_key ON u (key(name));
-- new
CREATE FUNCTION key(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT md5($1)$$;
CREATE TABLE u (name text);
CREATE INDEX u_key ON u (key(name));
