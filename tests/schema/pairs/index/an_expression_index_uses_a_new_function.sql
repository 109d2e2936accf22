-- old
CREATE TABLE u (name text);
-- new
CREATE FUNCTION norm(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$SELECT lower(trim($1))$$;
CREATE TABLE u (name text);
CREATE INDEX u_norm ON u (norm(name));
