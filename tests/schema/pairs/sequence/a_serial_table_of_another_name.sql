-- old
CREATE TABLE a (id serial PRIMARY KEY, x int UNIQUE, y text);
CREATE INDEX a_y ON a (y);
CREATE TABLE c (id serial PRIMARY KEY, a int REFERENCES a);
-- new
CREATE TABLE a (id serial PRIMARY KEY, x int UNIQUE, y text);
CREATE INDEX a_y ON a (y);
CREATE TABLE c (id serial PRIMARY KEY, a int REFERENCES a);
ALTER TABLE a RENAME TO b;
