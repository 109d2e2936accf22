-- old
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, Language = 'english'); CREATE TEXT SEARCH CONFIGURATION c (COPY = english); ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING REPLACE english_stem WITH d; CREATE TABLE t (a text); CREATE INDEX i ON t USING gin (to_tsvector('c', a)); CREATE VIEW v AS SELECT to_tsvector('c'::regconfig, a) AS x FROM t;
-- new
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, StopWords = 'english'); CREATE TEXT SEARCH CONFIGURATION c (COPY = simple); ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR asciiword, word WITH d, simple; CREATE TABLE t (a text); CREATE INDEX i ON t USING gin (to_tsvector('c', a)); CREATE VIEW v AS SELECT to_tsvector('c'::regconfig, a) AS x FROM t;
