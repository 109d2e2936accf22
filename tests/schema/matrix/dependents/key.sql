-- dependent: foreign_key
CREATE TABLE t (id integer REFERENCES {K} (a));
INSERT INTO t VALUES (1);
COMMENT ON CONSTRAINT t_id_fkey ON t IS 'kept';
-- dependent: foreign_key_not_valid
CREATE TABLE t (id integer);
INSERT INTO t VALUES (1);
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES {K} (a) ON DELETE CASCADE NOT VALID;
-- dependent: partitioned_foreign_key
CREATE TABLE t (id integer REFERENCES {K} (a)) PARTITION BY RANGE (id);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
INSERT INTO t VALUES (1);
-- dependent: grouped_view
CREATE VIEW v AS SELECT a, b FROM {K} GROUP BY a;
CREATE MATERIALIZED VIEW m AS SELECT a, b FROM {K} GROUP BY a;
-- dependent: upsert_rule
CREATE TABLE t (id integer);
CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO {K} VALUES (1, 2) ON CONFLICT (a) DO NOTHING;
-- dependent: upsert_body
CREATE FUNCTION f() RETURNS void BEGIN ATOMIC INSERT INTO {K} VALUES (1, 2) ON CONFLICT (a) DO UPDATE SET b = 3; END;
