-- dependent: default
-- takes: volatile
CREATE TABLE t (id integer, a integer DEFAULT {E:1});
INSERT INTO t VALUES (1, 1);
-- dependent: partitioned_default
-- takes: volatile
CREATE TABLE t (id integer, a integer DEFAULT {E:1}) PARTITION BY RANGE (id);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
INSERT INTO t VALUES (1, 1);
-- dependent: view_default
-- takes: volatile
CREATE TABLE t (id integer, a integer);
CREATE VIEW v AS SELECT id, a FROM t;
ALTER VIEW v ALTER a SET DEFAULT {E:1};
-- dependent: generated
CREATE TABLE t (id integer, a {I}, g integer GENERATED ALWAYS AS ({E:a}) STORED);
INSERT INTO t VALUES (1, 1);
COMMENT ON COLUMN t.g IS 'kept';
-- dependent: generated_indexed
CREATE TABLE t (id integer, a {I}, g integer GENERATED ALWAYS AS ({E:a}) STORED);
INSERT INTO t VALUES (1, 1);
CREATE INDEX i ON t (g);
CREATE VIEW v AS SELECT g FROM t;
ALTER TABLE t ADD CHECK (g > -9);
-- dependent: partitioned_generated
CREATE TABLE t (id integer, a {I}, g integer GENERATED ALWAYS AS ({E:a}) STORED) PARTITION BY RANGE (id);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
INSERT INTO t VALUES (1, 1);
-- dependent: virtual
-- since: 18
CREATE TABLE t (id integer, a {I}, g integer GENERATED ALWAYS AS ({E:a}));
INSERT INTO t VALUES (1, 1);
-- dependent: check
-- takes: volatile
CREATE TABLE t (id integer, a {I}, CONSTRAINT k CHECK ({E:a} IS NOT NULL));
INSERT INTO t VALUES (1, 1);
COMMENT ON CONSTRAINT k ON t IS 'kept';
-- dependent: check_not_valid
CREATE TABLE t (id integer, a {I});
INSERT INTO t VALUES (1, 1);
ALTER TABLE t ADD CONSTRAINT k CHECK ({E:a} IS NOT NULL) NOT VALID;
-- dependent: partitioned_check
CREATE TABLE t (id integer, a {I}, CHECK ({E:a} IS NOT NULL)) PARTITION BY RANGE (id);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
INSERT INTO t VALUES (1, 1);
-- dependent: inherited
CREATE TABLE t (id integer, a {I}, g integer GENERATED ALWAYS AS ({E:a}) STORED, CHECK ({E:a} IS NOT NULL));
CREATE TABLE child () INHERITS (t);
INSERT INTO child VALUES (1, 1);
-- dependent: index
CREATE TABLE t (id integer, a {I});
INSERT INTO t VALUES (1, 1);
CREATE INDEX i ON t (({E:a}));
COMMENT ON INDEX i IS 'kept';
-- dependent: unique_index
CREATE TABLE t (id integer, a {I});
INSERT INTO t VALUES (1, 1);
CREATE UNIQUE INDEX i ON t (({E:a}));
-- dependent: partial_index
CREATE TABLE t (id integer, a {I});
INSERT INTO t VALUES (1, 1);
CREATE INDEX i ON t (id) WHERE {E:a} > 0;
-- dependent: partitioned_index
CREATE TABLE t (id integer, a {I}) PARTITION BY RANGE (id);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE INDEX i ON t (({E:a}));
INSERT INTO t VALUES (1, 1);
-- dependent: exclusion
CREATE TABLE t (id integer, a {I}, EXCLUDE USING btree (({E:a}) WITH =));
INSERT INTO t VALUES (1, 1);
-- dependent: statistics
CREATE TABLE t (id integer, a {I});
INSERT INTO t VALUES (1, 1);
CREATE STATISTICS s ON ({E:a}), id FROM t;
-- dependent: partition_key
CREATE TABLE t (id integer, a {I}) PARTITION BY RANGE (({E:a}));
CREATE TABLE p PARTITION OF t FOR VALUES FROM (-1000) TO (1000);
INSERT INTO t VALUES (1, 1);
-- dependent: partition_bound
CREATE TABLE t (id integer, a integer) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (-1000) TO ({E:1} + 1000);
INSERT INTO t VALUES (1, 1);
-- dependent: view
-- takes: volatile
CREATE TABLE t (id integer, a {I});
INSERT INTO t VALUES (1, 1);
CREATE VIEW v AS SELECT id, {E:a} AS b FROM t;
CREATE VIEW over AS SELECT b FROM v WHERE {E:b} > 0;
COMMENT ON VIEW v IS 'kept';
COMMENT ON COLUMN v.b IS 'kept';
GRANT SELECT ON v TO alice;
GRANT SELECT (b) ON over TO bob;
-- dependent: view_with_trigger
-- takes: volatile
CREATE TABLE t (id integer, a {I});
INSERT INTO t VALUES (1, 1);
CREATE VIEW v AS SELECT id, {E:a} AS b FROM t;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f();
CREATE RULE r AS ON DELETE TO v DO INSTEAD DELETE FROM t WHERE t.id = OLD.b;
-- dependent: materialized_view
CREATE TABLE t (id integer, a {I});
INSERT INTO t VALUES (1, 1);
CREATE MATERIALIZED VIEW m AS SELECT id, {E:a} AS b FROM t;
CREATE UNIQUE INDEX i ON m (id);
CREATE VIEW v AS SELECT b FROM m;
-- dependent: rule
-- takes: volatile
CREATE TABLE t (id integer, a {I});
CREATE TABLE log (a integer);
INSERT INTO t VALUES (1, 1);
CREATE RULE r AS ON INSERT TO t WHERE {E:NEW.a} > 0 DO ALSO INSERT INTO log VALUES ({E:NEW.a});
-- dependent: policy
CREATE TABLE t (id integer, a {I});
INSERT INTO t VALUES (1, 1);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING ({E:a} > 0) WITH CHECK ({E:a} > 1);
-- dependent: trigger
-- takes: volatile
CREATE TABLE t (id integer, a {I});
INSERT INTO t VALUES (1, 1);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW WHEN ({E:NEW.a} > 0) EXECUTE FUNCTION f();
COMMENT ON TRIGGER g ON t IS 'kept';
-- dependent: partitioned_trigger
CREATE TABLE t (id integer, a {I}) PARTITION BY RANGE (id);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW WHEN ({E:NEW.a} > 0) EXECUTE FUNCTION f();
-- dependent: argument_default
-- takes: volatile
CREATE FUNCTION f(a integer DEFAULT {E:1}) RETURNS integer LANGUAGE sql AS 'SELECT a';
CREATE TABLE t (id integer DEFAULT f());
INSERT INTO t VALUES (1);
-- dependent: function_body
CREATE FUNCTION f(a {I}) RETURNS integer IMMUTABLE BEGIN ATOMIC SELECT {E:a}; END;
CREATE TABLE t (id integer, a {I}, CHECK (f(a) IS NOT NULL));
CREATE INDEX i ON t (f(a));
INSERT INTO t VALUES (1, 1);
-- dependent: function_in_string
CREATE FUNCTION f(a {I}) RETURNS integer IMMUTABLE LANGUAGE sql AS $$SELECT {E:a}$$;
CREATE TABLE t (id integer, a {I}, CHECK (f(a) IS NOT NULL));
INSERT INTO t VALUES (1, 1);
CREATE MATERIALIZED VIEW m AS SELECT f(a) AS b FROM t;
-- dependent: function_in_plpgsql
CREATE FUNCTION f(a {I}) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$BEGIN RETURN {E:a}; END$$;
CREATE TABLE t (id integer, a {I}, g integer GENERATED ALWAYS AS (f(a)) STORED);
INSERT INTO t VALUES (1, 1);
-- dependent: procedure
-- takes: volatile
CREATE PROCEDURE p(a {I}) BEGIN ATOMIC SELECT {E:a}; END;
-- dependent: domain_check
CREATE DOMAIN d AS {I} CHECK ({E:VALUE} IS NOT NULL);
CREATE TABLE t (id integer, a d);
INSERT INTO t VALUES (1, 1);
-- dependent: domain_default
-- takes: volatile
CREATE DOMAIN d AS integer DEFAULT {E:1};
CREATE TABLE t (id integer, a d);
INSERT INTO t VALUES (1, 1);
-- dependent: domain_check_in_array
CREATE DOMAIN d AS {I} CHECK ({E:VALUE} IS NOT NULL);
CREATE TABLE t (id integer, a d[]);
INSERT INTO t VALUES (1, ARRAY[1]);
-- dependent: typed_table
CREATE TYPE c AS (id integer, a {I});
CREATE TABLE t OF c (CHECK ({E:a} IS NOT NULL));
INSERT INTO t VALUES (1, 1);
-- dependent: foreign_table
-- takes: volatile
CREATE FOREIGN DATA WRAPPER {S};
CREATE SERVER {S} FOREIGN DATA WRAPPER {S};
CREATE FOREIGN TABLE t (id integer DEFAULT {E:1}, a {I}, CHECK ({E:a} IS NOT NULL)) SERVER {S};
-- dependent: publication
CREATE TABLE t (id integer, a {I}, PRIMARY KEY (id, a));
CREATE PUBLICATION {S} FOR TABLE t WHERE ({E:a} > 0);
