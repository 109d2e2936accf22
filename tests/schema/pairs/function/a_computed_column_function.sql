-- old
CREATE TABLE u (first text, last text);
-- new
CREATE TABLE u (first text, last text);
CREATE FUNCTION full_name(u) RETURNS text LANGUAGE sql STABLE AS $$SELECT $1.first || ' ' || $1.last$$;
CREATE VIEW names AS SELECT u.full_name FROM u;
