-- old
CREATE TABLE t (title text, body text);
-- new
CREATE TABLE t (title text, body text, ts tsvector GENERATED ALWAYS AS (to_tsvector('english', coalesce(title, '') || ' ' || coalesce(body, ''))) STORED);
CREATE INDEX t_ts ON t USING gin (ts);
CREATE INDEX t_title ON t USING gin (to_tsvector('simple'::regconfig, title));
