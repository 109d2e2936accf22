-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TYPE prio AS ENUM ('low', 'high', 'mid');
CREATE TABLE t (p prio);
-- new
CREATE TYPE prio AS ENUM ('low', 'mid', 'high');
CREATE TABLE t (p prio);
-- data
INSERT INTO t VALUES ('mid');
-- check: SELECT p FROM t; => mid
