-- old
CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL DEFAULT '1', b text, c text DEFAULT '{}', d text, e text, f text, g text DEFAULT 'true'); CREATE INDEX i1 ON t (a); CREATE INDEX i2 ON t (b, c); CREATE VIEW v AS SELECT a, b, d FROM t; CREATE MATERIALIZED VIEW m AS SELECT a, count(*) FROM t GROUP BY a; CREATE UNIQUE INDEX m_a ON m (a); CREATE STATISTICS s ON a, b FROM t; COMMENT ON COLUMN t.a IS 'aaa'; CREATE PUBLICATION pub FOR TABLE t (id, a, b);
-- new
CREATE TABLE t (id int PRIMARY KEY, a bigint NOT NULL DEFAULT 1, b uuid, c jsonb DEFAULT '{}', d timestamptz, e inet, f numeric(10,2), g bool DEFAULT true); CREATE INDEX i1 ON t (a); CREATE INDEX i2 ON t (b, c); CREATE VIEW v AS SELECT a, b, d FROM t; CREATE MATERIALIZED VIEW m AS SELECT a, count(*) FROM t GROUP BY a; CREATE UNIQUE INDEX m_a ON m (a); CREATE STATISTICS s ON a, b FROM t; COMMENT ON COLUMN t.a IS 'aaa'; CREATE PUBLICATION pub FOR TABLE t (id, a, b);
-- data
INSERT INTO t VALUES (1,'5','00000000-0000-0000-0000-000000000001','{"x":1}','2020-01-01','10.0.0.1','1.5','false');
-- check: SELECT a || (c->>'x') || host(e) || f || g FROM t => 5110.0.0.11.50false
