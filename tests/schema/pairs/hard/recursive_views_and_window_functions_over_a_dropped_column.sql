-- old
CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t, w int, old int);
CREATE RECURSIVE VIEW tree (id, d) AS SELECT id, 0 FROM t WHERE up IS NULL UNION ALL SELECT t.id, d + 1 FROM t JOIN tree ON up = tree.id;
CREATE VIEW top AS SELECT id, rank() OVER (PARTITION BY up ORDER BY old) FROM t;
CREATE MATERIALIZED VIEW ranks AS SELECT tree.id, top.rank FROM tree JOIN top USING (id);
CREATE UNIQUE INDEX ON ranks (id);
-- new
CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t, w bigint);
CREATE RECURSIVE VIEW tree (id, d) AS SELECT id, 0 FROM t WHERE up IS NULL UNION ALL SELECT t.id, d + 1 FROM t JOIN tree ON up = tree.id;
CREATE VIEW top AS SELECT id, rank() OVER (PARTITION BY up ORDER BY w) FROM t;
CREATE MATERIALIZED VIEW ranks AS SELECT tree.id, top.rank FROM tree JOIN top USING (id);
CREATE UNIQUE INDEX ON ranks (id);
