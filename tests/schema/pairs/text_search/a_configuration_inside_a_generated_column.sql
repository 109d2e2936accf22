-- old
CREATE TABLE t (body text);
-- new
CREATE TEXT SEARCH CONFIGURATION my_cfg (COPY = simple);
CREATE TABLE t (body text, ts tsvector GENERATED ALWAYS AS (to_tsvector('my_cfg', body)) STORED);
CREATE INDEX i ON t USING gin (to_tsvector('public.my_cfg', body));
