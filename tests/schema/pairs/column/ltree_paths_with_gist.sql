-- requires-extension: ltree
-- old
CREATE TABLE cat (id int PRIMARY KEY, path text); CREATE INDEX cat_path ON cat (path text_pattern_ops);
-- new
CREATE EXTENSION ltree; CREATE TABLE cat (id int PRIMARY KEY, path ltree NOT NULL); CREATE INDEX cat_path ON cat USING gist (path); CREATE INDEX cat_path_b ON cat (path); ALTER TABLE cat ADD CONSTRAINT path_u UNIQUE (path);
-- data
INSERT INTO cat VALUES (1,'a.b.c');
-- check: SELECT nlevel(path) FROM cat => 3
