-- old
CREATE TABLE person (first text, last text);
-- new
CREATE FUNCTION full_name(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT $1 || ' ' || $2$$;
CREATE TABLE person (first text, last text, name text GENERATED ALWAYS AS (full_name(first, last)) STORED);
