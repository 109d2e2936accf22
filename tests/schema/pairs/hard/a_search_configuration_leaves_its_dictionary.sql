-- old
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION c (COPY = english);
ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR asciiword, word WITH d, english_stem;
CREATE TABLE t (a text, v tsvector GENERATED ALWAYS AS (to_tsvector('public.c'::regconfig, a)) STORED);
CREATE INDEX t_a ON t USING gin (to_tsvector('public.c'::regconfig, a));
-- new
CREATE TEXT SEARCH CONFIGURATION c (COPY = english);
CREATE TABLE t (a text, v tsvector GENERATED ALWAYS AS (to_tsvector('public.c'::regconfig, a)) STORED);
CREATE INDEX t_a ON t USING gin (to_tsvector('public.c'::regconfig, a)) WHERE a <> '';
