-- forbid: DROP COLUMN
-- old
CREATE TABLE t (status varchar(10) NOT NULL DEFAULT 'new', flag int NOT NULL DEFAULT 0);
-- new
CREATE TABLE t (status text NOT NULL DEFAULT 'new', flag boolean NOT NULL DEFAULT false);
-- data
INSERT INTO t VALUES ('old', 1);
-- check: SELECT flag FROM t; => t
