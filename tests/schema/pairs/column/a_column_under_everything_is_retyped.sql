-- forbid: DROP TABLE|DROP COLUMN
-- old
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent_id int NOT NULL DEFAULT 1 REFERENCES parent CHECK (parent_id > 0), n int);
CREATE INDEX child_parent ON child (parent_id) WHERE parent_id > 10;
CREATE VIEW v1 AS SELECT parent_id, count(*) AS n FROM child GROUP BY parent_id;
CREATE VIEW v2 AS SELECT * FROM v1 WHERE parent_id > 5;
-- new
CREATE TABLE parent (id bigint PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent_id bigint NOT NULL DEFAULT 1 REFERENCES parent CHECK (parent_id > 0), n int);
CREATE INDEX child_parent ON child (parent_id) WHERE parent_id > 10;
CREATE VIEW v1 AS SELECT parent_id, count(*) AS n FROM child GROUP BY parent_id;
CREATE VIEW v2 AS SELECT * FROM v1 WHERE parent_id > 5;
-- data
INSERT INTO parent VALUES (7); INSERT INTO child VALUES (1, 7, 1);
-- check: SELECT parent_id FROM v2; => 7
