-- old
CREATE TABLE t (id int PRIMARY KEY, j jsonb, a int[]);
CREATE VIEW x AS SELECT t.id, e.key, e.value FROM t, LATERAL jsonb_each_text(t.j) e;
CREATE VIEW s AS SELECT * FROM t TABLESAMPLE SYSTEM (10) REPEATABLE (1);
CREATE VIEW r AS SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY['a','b'])) AS z(n, l);
CREATE VIEW fu AS SELECT id FROM t FOR UPDATE SKIP LOCKED;
-- new
CREATE TABLE t (id bigint PRIMARY KEY, j jsonb, a int[]);
CREATE VIEW x AS SELECT t.id, e.key, e.value, u.n FROM t CROSS JOIN LATERAL jsonb_each_text(t.j) e LEFT JOIN LATERAL unnest(t.a) u(n) ON true;
CREATE VIEW s AS SELECT * FROM t TABLESAMPLE BERNOULLI (5);
CREATE VIEW r AS SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY['a','b'])) AS z(num, l);
CREATE VIEW fu AS SELECT id FROM t FOR SHARE;
