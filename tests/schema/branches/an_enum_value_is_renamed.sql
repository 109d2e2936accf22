-- require: RENAME VALUE
-- forbid: DROP|CREATE TYPE
-- base
CREATE TYPE state AS ENUM ('open', 'closd');
CREATE TABLE t (s state);
-- old
-- new
ALTER TYPE state RENAME VALUE 'closd' TO 'closed';
-- data
INSERT INTO t VALUES ('closd');
-- check: SELECT s FROM t; => closed
