-- recreates: d.v
-- old
CREATE TABLE d (id int PRIMARY KEY, body text, v tsvector GENERATED ALWAYS AS (to_tsvector('english', body)) STORED);
CREATE INDEX i ON d USING gin (v);
-- new
CREATE TEXT SEARCH DICTIONARY stem (TEMPLATE = snowball, Language = 'german', StopWords = 'german');
CREATE TEXT SEARCH DICTIONARY "Simple One" (TEMPLATE = pg_catalog.simple, Accept = false);
CREATE TEXT SEARCH CONFIGURATION de (COPY = german);
ALTER TEXT SEARCH CONFIGURATION de ALTER MAPPING FOR asciiword, word WITH "Simple One", stem; ALTER TEXT SEARCH CONFIGURATION de DROP MAPPING FOR email, url;
COMMENT ON TEXT SEARCH CONFIGURATION de IS 'German'; COMMENT ON TEXT SEARCH DICTIONARY stem IS 'stems'; ALTER TEXT SEARCH CONFIGURATION de OWNER TO alice;
CREATE TABLE d (id int PRIMARY KEY, body text, v tsvector GENERATED ALWAYS AS (to_tsvector('public.de', body)) STORED);
CREATE INDEX i ON d USING gin (v);
