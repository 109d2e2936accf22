-- expect: same
-- old
CREATE TABLE t (a int, gone int, b int);
ALTER TABLE t DROP COLUMN gone;
-- new
CREATE TABLE t (a int, b int);
