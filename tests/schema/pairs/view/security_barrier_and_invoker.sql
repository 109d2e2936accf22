-- forbid: DROP VIEW
-- old
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t;
CREATE VIEW w WITH (security_barrier = true) AS SELECT a FROM t;
-- new
CREATE TABLE t (a int);
CREATE VIEW v WITH (security_invoker = true, security_barrier = true) AS SELECT a FROM t;
CREATE VIEW w AS SELECT a FROM t;
