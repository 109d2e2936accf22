-- dependent: column
CREATE TABLE t (id integer, c text COLLATE {C});
INSERT INTO t VALUES (1, 'a');
-- dependent: array_column
CREATE TABLE t (id integer, c text[] COLLATE {C});
INSERT INTO t VALUES (1, '{a}');
-- dependent: key
CREATE TABLE t (c text COLLATE {C} PRIMARY KEY);
CREATE TABLE u (c text COLLATE {C} REFERENCES t);
INSERT INTO t VALUES ('a');
-- dependent: index
CREATE TABLE t (id integer, c text);
INSERT INTO t VALUES (1, 'a');
CREATE INDEX i ON t (c COLLATE {C});
-- dependent: column_used
CREATE TABLE t (id integer, c text COLLATE {C}, g boolean GENERATED ALWAYS AS (c < 'b') STORED, CHECK (c < 'x'));
INSERT INTO t VALUES (1, 'a');
CREATE INDEX i ON t (c);
CREATE VIEW v AS SELECT c FROM t WHERE c < 'b';
CREATE MATERIALIZED VIEW m AS SELECT c FROM t;
CREATE STATISTICS s ON id, c FROM t;
-- dependent: partitioned_column
CREATE TABLE t (id integer, c text COLLATE {C}) PARTITION BY RANGE (id);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
INSERT INTO t VALUES (1, 'a');
-- dependent: partition_key
CREATE TABLE t (id integer, c text) PARTITION BY RANGE (c COLLATE {C});
CREATE TABLE p PARTITION OF t FOR VALUES FROM ('a') TO ('z');
INSERT INTO t VALUES (1, 'b');
-- dependent: inherited_column
CREATE TABLE t (id integer, c text COLLATE {C});
CREATE TABLE child () INHERITS (t);
INSERT INTO child VALUES (1, 'a');
-- dependent: domain
CREATE DOMAIN d AS text COLLATE {C} CHECK (VALUE < 'x');
CREATE TABLE t (id integer, c d);
INSERT INTO t VALUES (1, 'a');
-- dependent: composite
CREATE TYPE c AS (a text COLLATE {C});
-- dependent: composite_column
CREATE TYPE c AS (a text COLLATE {C});
CREATE TABLE t (id integer, c c);
INSERT INTO t VALUES (1, ROW('a'));
-- dependent: typed_table
CREATE TYPE c AS (id integer, a text COLLATE {C});
CREATE TABLE t OF c;
INSERT INTO t VALUES (1, 'a');
-- dependent: range
CREATE TYPE r AS RANGE (subtype = text, collation = {C});
-- dependent: range_column
CREATE TYPE r AS RANGE (subtype = text, collation = {C});
CREATE TABLE t (id integer, c r);
INSERT INTO t VALUES (1, '[a,b)');
-- dependent: function_body
CREATE FUNCTION f(a text) RETURNS boolean BEGIN ATOMIC SELECT a < 'x' COLLATE {C}; END;
-- dependent: foreign_table
CREATE FOREIGN DATA WRAPPER {S};
CREATE SERVER {S} FOREIGN DATA WRAPPER {S};
CREATE FOREIGN TABLE t (id integer, c text COLLATE {C}) SERVER {S};
