-- old
CREATE TABLE t (p point);
-- new
CREATE TABLE t (p point);
CREATE INDEX i ON t USING gist (p) WITH (buffering = on);
