-- old
CREATE TABLE node (id int, parent int);
-- new
CREATE TABLE node (id int, parent int);
CREATE RECURSIVE VIEW tree (id, depth) AS SELECT id, 0 FROM node WHERE parent IS NULL UNION ALL SELECT n.id, t.depth + 1 FROM node n JOIN tree t ON n.parent = t.id;
