-- old
CREATE FUNCTION norm(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT lower($1)$$;
CREATE TABLE u (name text);
CREATE INDEX u_norm ON u (norm(name));
-- new
CREATE FUNCTION norm(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT lower(trim($1))$$;
CREATE TABLE u (name text);
CREATE INDEX u_norm ON u (norm(name));
