-- dependent: view
CREATE VIEW v AS SELECT a FROM {R};
CREATE VIEW over AS SELECT a FROM v WHERE a > 0;
COMMENT ON VIEW v IS 'kept';
GRANT SELECT ON v TO alice;
-- dependent: whole_row_view
CREATE VIEW v AS SELECT r AS c FROM {R} r;
-- dependent: materialized_view
CREATE MATERIALIZED VIEW m AS SELECT a FROM {R};
CREATE UNIQUE INDEX i ON m (a);
CREATE MATERIALIZED VIEW over AS SELECT a FROM m;
-- dependent: rule
CREATE TABLE t (a integer);
CREATE TABLE log (a integer);
INSERT INTO t VALUES (1);
CREATE RULE r AS ON DELETE TO t DO ALSO INSERT INTO log SELECT a FROM {R};
-- dependent: policy
CREATE TABLE t (id integer);
INSERT INTO t VALUES (1);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (EXISTS (SELECT FROM {R} r WHERE r.a = t.id));
-- dependent: function_body
CREATE FUNCTION f() RETURNS bigint BEGIN ATOMIC SELECT count(a) FROM {R}; END;
CREATE PROCEDURE p() BEGIN ATOMIC SELECT a FROM {R}; END;
-- dependent: function_in_string
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql STABLE AS $$SELECT count(a) FROM {R}$$;
CREATE TABLE t (id bigint DEFAULT f());
INSERT INTO t VALUES (1);
CREATE MATERIALIZED VIEW m AS SELECT f() AS n;
-- dependent: view_of_default
CREATE FUNCTION f() RETURNS bigint STABLE BEGIN ATOMIC SELECT count(a) FROM {R}; END;
CREATE TABLE t (id bigint DEFAULT f());
INSERT INTO t VALUES (1);
CREATE VIEW v AS SELECT id FROM t WHERE id < f();
