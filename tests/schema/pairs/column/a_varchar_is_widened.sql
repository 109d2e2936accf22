-- forbid: DROP|USING
-- one-way
-- old
CREATE TABLE t (v varchar(20));
CREATE INDEX t_v ON t (v);
-- new
CREATE TABLE t (v varchar(200));
CREATE INDEX t_v ON t (v);
-- data
INSERT INTO t VALUES ('a');
-- check: SELECT v FROM t; => a
