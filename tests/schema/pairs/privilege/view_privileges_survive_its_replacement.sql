-- old
CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT a, b FROM t; GRANT SELECT ON v TO alice; GRANT SELECT (b) ON v TO bob;
-- new
CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT b FROM t; GRANT SELECT ON v TO alice; GRANT SELECT (b) ON v TO bob;
