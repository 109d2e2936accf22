-- dependent: aggregate
CREATE AGGREGATE g(integer) (sfunc = {G}, stype = integer);
CREATE VIEW v AS SELECT g(a) AS b FROM (VALUES (1)) s(a);
-- dependent: operator
CREATE OPERATOR <+> (leftarg = integer, rightarg = integer, function = {G});
CREATE VIEW v AS SELECT 1 OPERATOR({S}.<+>) 2 AS b;
CREATE TABLE t (id integer, g integer GENERATED ALWAYS AS (id OPERATOR({S}.<+>) 1) STORED);
INSERT INTO t VALUES (1);
-- dependent: operator_class
CREATE OPERATOR === (leftarg = integer, rightarg = integer, function = pg_catalog.int4eq);
CREATE OPERATOR CLASS o FOR TYPE integer USING btree AS OPERATOR 3 ===, FUNCTION 1 {G}(integer, integer);
CREATE TABLE t (a integer);
CREATE INDEX i ON t (a o);
INSERT INTO t VALUES (1);
