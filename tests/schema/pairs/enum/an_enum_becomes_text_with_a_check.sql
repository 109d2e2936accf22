-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE TABLE t (s state DEFAULT 'open');
-- new
CREATE TABLE t (s text DEFAULT 'open' CHECK (s IN ('open', 'closed')));
-- data
INSERT INTO t VALUES ('closed');
-- check: SELECT s FROM t; => closed
