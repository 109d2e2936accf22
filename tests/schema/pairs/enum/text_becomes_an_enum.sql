-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (s text NOT NULL DEFAULT 'open');
-- new
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE TABLE t (s state NOT NULL DEFAULT 'open');
-- data
INSERT INTO t VALUES ('closed');
-- check: SELECT s FROM t; => closed
