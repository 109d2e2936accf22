-- forbid: DROP COLUMN|ADD COLUMN
-- base
CREATE TABLE t (a text, b text);
-- old
-- new
ALTER TABLE t RENAME a TO tmp; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME tmp TO b;
-- data
INSERT INTO t VALUES ('was a', 'was b');
-- check: SELECT a FROM t; => was b
