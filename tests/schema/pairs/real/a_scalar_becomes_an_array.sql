-- old
CREATE TABLE t (id int, tag text);
-- new
CREATE TABLE t (id int, tags text[] NOT NULL DEFAULT '{}'); CREATE INDEX t_tags ON t USING gin (tags);
