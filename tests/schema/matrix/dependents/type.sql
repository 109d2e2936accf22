-- dependent: column
CREATE TABLE t (id integer PRIMARY KEY, c {T});
INSERT INTO t VALUES (1, {W});
COMMENT ON COLUMN t.c IS 'kept';
-- dependent: column_not_null
CREATE TABLE t (id integer PRIMARY KEY, c {T} NOT NULL);
-- dependent: column_default
CREATE TABLE t (id integer PRIMARY KEY, c {T} DEFAULT {V});
INSERT INTO t VALUES (1, {W});
-- dependent: array_column
CREATE TABLE t (id integer PRIMARY KEY, c {T}[] DEFAULT ARRAY[{V}]);
INSERT INTO t VALUES (1, ARRAY[{W}]);
-- dependent: partitioned_column
CREATE TABLE t (id integer, c {T}) PARTITION BY RANGE (id);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
INSERT INTO t VALUES (1, {W});
-- dependent: partition_key
CREATE TABLE t (id integer, c {T}) PARTITION BY LIST (c);
CREATE TABLE p PARTITION OF t DEFAULT;
INSERT INTO t VALUES (1, {W});
-- dependent: inherited_column
CREATE TABLE t (id integer, c {T});
CREATE TABLE child (more integer) INHERITS (t);
CREATE TABLE grandchild (c {T}) INHERITS (child);
INSERT INTO child VALUES (1, {W}, 2);
-- dependent: generated_column
CREATE TABLE t (id integer, g {T} GENERATED ALWAYS AS ({V}) STORED);
INSERT INTO t VALUES (1);
-- dependent: generated_from_column
CREATE TABLE t (id integer, c {T}, g boolean GENERATED ALWAYS AS (c IS NULL) STORED);
INSERT INTO t VALUES (1, {W});
-- dependent: virtual_column
-- since: 18
CREATE TABLE t (id integer, c {T}, g boolean GENERATED ALWAYS AS (c IS NULL) VIRTUAL);
INSERT INTO t VALUES (1, {W});
-- dependent: check
CREATE TABLE t (id integer, c {T}, CHECK (c IS NOT NULL OR id > 0), CHECK (c = {V} OR id > 0));
INSERT INTO t VALUES (1, {W});
-- dependent: check_not_valid
CREATE TABLE t (id integer, c {T});
INSERT INTO t VALUES (1, {W});
ALTER TABLE t ADD CONSTRAINT k CHECK (c = {V} OR id > 0) NOT VALID;
-- dependent: index
CREATE TABLE t (id integer, c {T});
INSERT INTO t VALUES (1, {W});
CREATE INDEX i ON t (c);
CREATE INDEX partial ON t (id) WHERE c = {V};
CREATE INDEX expression ON t ((c = {V}));
-- dependent: key
CREATE TABLE t (c {T} PRIMARY KEY);
CREATE TABLE u (id integer, c {T} UNIQUE);
INSERT INTO u VALUES (1, {W});
-- dependent: foreign_key
CREATE TABLE t (c {T} PRIMARY KEY);
CREATE TABLE u (id integer, c {T} REFERENCES t);
-- dependent: exclusion
CREATE TABLE t (id integer, c {T}, EXCLUDE USING btree (c WITH =));
INSERT INTO t VALUES (1, {W});
-- dependent: statistics
CREATE TABLE t (id integer, c {T});
INSERT INTO t VALUES (1, {W});
CREATE STATISTICS s ON id, c FROM t;
CREATE STATISTICS e ON (c = {V}) FROM t;
ALTER STATISTICS s SET STATISTICS 50;
-- dependent: view
CREATE TABLE t (id integer, c {T});
INSERT INTO t VALUES (1, {W});
CREATE VIEW v AS SELECT id, c FROM t WHERE c = {V} OR id > 0;
CREATE VIEW over AS SELECT c FROM v;
COMMENT ON VIEW v IS 'kept';
GRANT SELECT ON v TO alice;
-- dependent: view_of_constant
CREATE VIEW v AS SELECT {V} AS c;
-- dependent: materialized_view
CREATE TABLE t (id integer, c {T});
INSERT INTO t VALUES (1, {W});
CREATE MATERIALIZED VIEW m AS SELECT id, c FROM t;
CREATE UNIQUE INDEX i ON m (id);
CREATE INDEX j ON m (c);
-- dependent: rule
CREATE TABLE t (id integer, c {T});
CREATE TABLE log (id integer, c {T});
INSERT INTO t VALUES (1, {W});
CREATE RULE r AS ON DELETE TO t DO ALSO INSERT INTO log VALUES (OLD.id, OLD.c);
CREATE RULE s AS ON UPDATE TO t WHERE NEW.c = {V} DO ALSO INSERT INTO log VALUES (1, {V});
-- dependent: policy
CREATE TABLE t (id integer, c {T});
INSERT INTO t VALUES (1, {W});
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (c = {V}) WITH CHECK (c IS NOT NULL);
-- dependent: trigger
CREATE TABLE t (id integer, c {T});
INSERT INTO t VALUES (1, {W});
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER a BEFORE UPDATE OF c ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER b BEFORE UPDATE ON t FOR EACH ROW WHEN (NEW.c = {V}) EXECUTE FUNCTION f();
-- dependent: function_argument
CREATE FUNCTION f(a {T}) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION g(id integer, a {T} DEFAULT {V}) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION h(VARIADIC a {T}[]) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE VIEW v AS SELECT f({V}) AS f;
COMMENT ON FUNCTION f({T}) IS 'kept';
REVOKE ALL ON FUNCTION f({T}) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION f({T}) TO bob;
-- dependent: function_result
CREATE FUNCTION f() RETURNS {T} LANGUAGE sql AS $$SELECT {V}$$;
CREATE FUNCTION g() RETURNS SETOF {T} LANGUAGE sql AS $$SELECT {V}$$;
CREATE FUNCTION h(OUT id integer, OUT c {T}) LANGUAGE sql AS $$SELECT 1, {V}$$;
CREATE FUNCTION j() RETURNS TABLE (id integer, c {T}) LANGUAGE sql AS $$SELECT 1, {V}$$;
CREATE VIEW v AS SELECT id, c FROM j();
CREATE VIEW w AS SELECT f() AS c;
-- dependent: function_in_plpgsql
CREATE FUNCTION f() RETURNS integer LANGUAGE plpgsql AS $$DECLARE c {T}; BEGIN c := {V}; RETURN 1; END$$;
CREATE TABLE t (id integer DEFAULT f());
INSERT INTO t DEFAULT VALUES;
-- dependent: function_body
CREATE TABLE t (id integer, c {T});
INSERT INTO t VALUES (1, {W});
CREATE FUNCTION f() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM t WHERE c = {V}; END;
CREATE FUNCTION g() RETURNS {T} BEGIN ATOMIC SELECT {V}; END;
-- dependent: procedure
CREATE PROCEDURE p(a {T}) BEGIN ATOMIC SELECT a = {V}; END;
CREATE PROCEDURE q(a {T}) LANGUAGE plpgsql AS 'BEGIN END';
-- dependent: domain
CREATE DOMAIN d AS {T};
CREATE DOMAIN k AS {T} CHECK (VALUE = {V});
CREATE DOMAIN e AS {T} DEFAULT {V};
CREATE TABLE t (id integer, c d);
INSERT INTO t VALUES (1, {W});
-- dependent: domain_over_array
CREATE DOMAIN d AS {T}[];
CREATE TABLE t (id integer, c d);
INSERT INTO t VALUES (1, ARRAY[{W}]);
-- dependent: composite
CREATE TYPE c AS (id integer, c {T}, d {T}[]);
CREATE FUNCTION f(a c) RETURNS integer LANGUAGE sql AS 'SELECT 1';
-- dependent: composite_column
CREATE TYPE c AS (id integer, c {T});
CREATE TABLE t (id integer, c c);
INSERT INTO t VALUES (1, ROW(1, {W}));
-- dependent: domain_over_composite
CREATE TYPE c AS (id integer, c {T});
CREATE DOMAIN d AS c;
CREATE TABLE t (id integer, c d);
INSERT INTO t VALUES (1, ROW(1, {W}));
-- dependent: row_type
CREATE TABLE t (id integer, c {T});
CREATE TABLE u (id integer, c t);
INSERT INTO t VALUES (1, {W});
INSERT INTO u SELECT 1, t FROM t;
-- dependent: typed_table
CREATE TYPE c AS (id integer, c {T});
CREATE TABLE t OF c;
INSERT INTO t VALUES (1, {W});
-- dependent: range
CREATE TYPE r AS RANGE (subtype = {T});
CREATE FUNCTION f(a r) RETURNS integer LANGUAGE sql AS 'SELECT 1';
-- dependent: range_column
CREATE TYPE r AS RANGE (subtype = {T});
CREATE TABLE t (id integer, c r);
INSERT INTO t VALUES (1, 'empty');
-- dependent: aggregate
CREATE FUNCTION f(s {T}, a {T}) RETURNS {T} LANGUAGE sql AS 'SELECT a';
CREATE AGGREGATE g({T}) (sfunc = f, stype = {T});
CREATE VIEW v AS SELECT g(x) AS c FROM (SELECT {V} AS x) s;
-- dependent: operator
CREATE FUNCTION f(a {T}, b {T}) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR === (leftarg = {T}, rightarg = {T}, function = f);
CREATE VIEW v AS SELECT {V} OPERATOR({S}.===) {V} AS c;
-- dependent: cast
CREATE TYPE c AS (id integer);
CREATE FUNCTION f(a {T}) RETURNS c LANGUAGE sql IMMUTABLE AS 'SELECT ROW(1)::{S}.c';
CREATE CAST ({T} AS c) WITH FUNCTION f({T});
CREATE VIEW v AS SELECT {V}::c AS c;
-- dependent: operator_class
CREATE FUNCTION f(a {T}, b {T}) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 0';
CREATE FUNCTION e(a {T}, b {T}) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR === (leftarg = {T}, rightarg = {T}, function = e);
CREATE OPERATOR CLASS o FOR TYPE {T} USING btree AS OPERATOR 3 ===, FUNCTION 1 f({T}, {T});
CREATE TABLE t (id integer, c {T});
CREATE INDEX i ON t (c o);
-- dependent: foreign_table
CREATE FOREIGN DATA WRAPPER {S};
CREATE SERVER {S} FOREIGN DATA WRAPPER {S};
CREATE FOREIGN TABLE t (id integer, c {T}) SERVER {S};
-- dependent: publication
CREATE TABLE t (id integer PRIMARY KEY, c {T}, other integer);
CREATE PUBLICATION {S} FOR TABLE t (id, c);
