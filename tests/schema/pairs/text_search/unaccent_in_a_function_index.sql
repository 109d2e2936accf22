-- requires-extension: unaccent
-- old
CREATE TABLE d (id int, t text); CREATE INDEX i ON d USING gin (to_tsvector('english', t));
-- new
CREATE EXTENSION unaccent;
CREATE TEXT SEARCH CONFIGURATION fr (COPY = french); ALTER TEXT SEARCH CONFIGURATION fr ALTER MAPPING FOR hword, hword_part, word WITH unaccent, french_stem;
CREATE FUNCTION plain(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT public.unaccent('public.unaccent', t)$$;
CREATE TABLE d (id int, t text); CREATE INDEX i ON d USING gin (to_tsvector('fr'::regconfig, plain(t)));
CREATE FUNCTION find(q text) RETURNS SETOF d LANGUAGE sql STABLE AS $$SELECT * FROM d WHERE to_tsvector('fr', plain(t)) @@ websearch_to_tsquery('fr', q)$$;
