-- dependent: view
CREATE TABLE t (id integer, a integer);
INSERT INTO t VALUES (1, 1);
CREATE VIEW v AS SELECT {Q:a} AS b FROM t;
CREATE VIEW over AS SELECT b FROM v;
GRANT SELECT ON v TO alice;
-- dependent: materialized_view
CREATE TABLE t (id integer, a integer);
INSERT INTO t VALUES (1, 1);
CREATE MATERIALIZED VIEW m AS SELECT {Q:a} AS b FROM t;
CREATE INDEX i ON m (b);
-- dependent: rule
CREATE TABLE t (id integer, a integer);
CREATE TABLE log (a integer);
INSERT INTO t VALUES (1, 1);
CREATE RULE r AS ON DELETE TO t DO ALSO INSERT INTO log SELECT {Q:a} FROM t;
-- dependent: policy
CREATE TABLE t (id integer, a integer);
INSERT INTO t VALUES (1, 1);
CREATE POLICY p ON t USING (1 > (SELECT {Q:u.a} FROM t u));
-- dependent: function_body
CREATE TABLE t (id integer, a integer);
INSERT INTO t VALUES (1, 1);
CREATE FUNCTION f() RETURNS bigint BEGIN ATOMIC SELECT {Q:a} FROM t; END;
-- dependent: function_in_string
CREATE TABLE t (id integer, a integer);
INSERT INTO t VALUES (1, 1);
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS $$SELECT {Q:a} FROM {S}.t$$;
CREATE MATERIALIZED VIEW m AS SELECT f() AS b;
