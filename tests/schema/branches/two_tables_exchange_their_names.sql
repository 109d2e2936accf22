-- forbid: DROP TABLE|CREATE TABLE
-- base
CREATE TABLE live (id int PRIMARY KEY, v text); CREATE TABLE next (id int PRIMARY KEY, v text);
-- old
-- new
ALTER TABLE live RENAME TO tmp; ALTER TABLE next RENAME TO live; ALTER TABLE tmp RENAME TO next;
-- data
INSERT INTO live VALUES (1, 'live');
-- check: SELECT v FROM next; => live
