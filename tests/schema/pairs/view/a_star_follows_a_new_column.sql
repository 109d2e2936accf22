-- old
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT * FROM t;
-- new
CREATE TABLE t (a int, b int);
CREATE VIEW v AS SELECT * FROM t;
