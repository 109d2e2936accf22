-- dependent: table
CREATE TABLE t (a integer PRIMARY KEY, b text) USING {M};
INSERT INTO t VALUES (1, 'x');
-- dependent: materialized_view
CREATE MATERIALIZED VIEW m USING {M} AS SELECT 1 AS a;
CREATE UNIQUE INDEX i ON m (a);
-- dependent: toast
CREATE TABLE t (a text) USING {M};
CREATE VIEW v AS SELECT a FROM t;
