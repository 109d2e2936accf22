-- old
CREATE TABLE t (a int, b text, c date);
GRANT SELECT (a, b), UPDATE (b) ON t TO alice WITH GRANT OPTION;
GRANT REFERENCES (a) ON t TO bob;
CREATE VIEW v WITH (security_barrier) AS SELECT a, b FROM t;
GRANT SELECT (b) ON v TO bob;
-- new
CREATE TABLE t (a bigint, b varchar(20), c date);
GRANT SELECT (a, c), UPDATE (b) ON t TO alice WITH GRANT OPTION;
GRANT REFERENCES (a) ON t TO bob;
CREATE VIEW v WITH (security_barrier, security_invoker) AS SELECT a, b, c FROM t;
GRANT SELECT (b, c) ON v TO bob;
