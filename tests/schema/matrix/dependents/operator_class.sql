-- dependent: index
CREATE TABLE t (id integer, a integer);
INSERT INTO t VALUES (1, 1);
CREATE INDEX i ON t (a {O});
-- dependent: unique_index
CREATE TABLE t (id integer, a integer);
INSERT INTO t VALUES (1, 1);
CREATE UNIQUE INDEX i ON t (a {O});
ALTER TABLE t ALTER a SET NOT NULL, REPLICA IDENTITY USING INDEX i;
-- dependent: partitioned_index
CREATE TABLE t (id integer, a integer) PARTITION BY RANGE (id);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE INDEX i ON t (a {O});
INSERT INTO t VALUES (1, 1);
-- dependent: exclusion
CREATE TABLE t (id integer, a integer, EXCLUDE USING btree (a {O} WITH OPERATOR(x.===)));
INSERT INTO t VALUES (1, 1);
-- dependent: partition_key
CREATE TABLE t (id integer, a integer) PARTITION BY RANGE (a {O});
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
INSERT INTO t VALUES (1, 1);
-- dependent: range
CREATE TYPE r AS RANGE (subtype = integer, subtype_opclass = {O});
-- dependent: range_column
CREATE TYPE r AS RANGE (subtype = integer, subtype_opclass = {O});
CREATE TABLE t (id integer, c r);
INSERT INTO t VALUES (1, '[1,2)');
-- dependent: materialized_view_index
CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;
CREATE INDEX i ON m (a {O});
