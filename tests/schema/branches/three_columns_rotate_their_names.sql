-- forbid: DROP COLUMN|ADD COLUMN
-- base
CREATE TABLE t (a int, b int, c int);
-- old
-- new
ALTER TABLE t RENAME a TO tmp; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME c TO b; ALTER TABLE t RENAME tmp TO c;
