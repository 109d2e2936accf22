-- old
CREATE TABLE t (doc jsonb, tags text[]);
CREATE INDEX i ON t USING gin (doc);
-- new
CREATE TABLE t (doc jsonb, tags text[]);
CREATE INDEX i ON t USING gin (doc jsonb_path_ops, tags) WITH (fastupdate = off);
