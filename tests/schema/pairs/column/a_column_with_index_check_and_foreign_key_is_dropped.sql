-- old
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent_id int NOT NULL REFERENCES parent CHECK (parent_id > 0), v int);
CREATE INDEX child_parent ON child (parent_id, v);
-- new
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, v int);
