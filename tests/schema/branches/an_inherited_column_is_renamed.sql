-- forbid: DROP COLUMN|ADD COLUMN
-- base
CREATE TABLE a (x int); CREATE TABLE b (y int) INHERITS (a);
-- old
-- new
ALTER TABLE a RENAME x TO z;
