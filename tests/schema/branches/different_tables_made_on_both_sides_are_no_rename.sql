-- forbid: RENAME
-- base
CREATE TABLE t (id int);
-- old
CREATE TABLE theirs (a int, b text);
-- new
CREATE TABLE ours (x uuid PRIMARY KEY, y timestamptz NOT NULL);
