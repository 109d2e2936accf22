-- forbid: DROP TABLE
-- old
CREATE DOMAIN d AS int CHECK (VALUE > 0);
CREATE TABLE t (a d, b int);
CREATE VIEW v AS SELECT a FROM t;
-- new
CREATE DOMAIN d AS bigint CHECK (VALUE > 0);
CREATE TABLE t (a d, b int);
CREATE VIEW v AS SELECT a FROM t;
-- data
INSERT INTO t VALUES (4, 5);
-- check: SELECT a FROM v; => 4
