-- old
CREATE TABLE cat (id int PRIMARY KEY, n text); CREATE TABLE dog (id int PRIMARY KEY, n text);
-- new
CREATE TABLE pet (id int PRIMARY KEY, n text, kind text NOT NULL); CREATE VIEW cat AS SELECT id, n FROM pet WHERE kind = 'cat'; CREATE VIEW dog AS SELECT id, n FROM pet WHERE kind = 'dog' WITH CASCADED CHECK OPTION;
