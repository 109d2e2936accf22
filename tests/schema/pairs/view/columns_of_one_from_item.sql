-- base
CREATE TABLE t (a int, b int, "C c" text, d timestamptz);
CREATE TYPE pair AS (x int, y int); CREATE TABLE u (p pair, t int);
CREATE FUNCTION public.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE VIEW plain AS SELECT a, b AS bee, "C c", t AS row_of_t FROM t WHERE a > 1 AND "C c" <> 't.a' ORDER BY a DESC, "C c" COLLATE "C";
CREATE VIEW swapped AS SELECT a AS b, b AS a, "C c" || 'x' AS "C c" FROM t ORDER BY t.a, t.b, t."C c", t.d;
CREATE VIEW grouped AS SELECT a AS b, count(*) FILTER (WHERE b > 2) AS n, array_agg("C c" ORDER BY b, "C c") AS l, grouping(a) AS g
  FROM t GROUP BY GROUPING SETS ((a), ()) HAVING max(b) > 3;
CREATE VIEW grouped_too AS SELECT a + 1 AS a, sum(b) AS b FROM t GROUP BY t.a ORDER BY t.a, sum(b);
CREATE VIEW windows AS SELECT a, rank() OVER w AS r, sum(b) OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s,
  b AS d FROM t WINDOW w AS (PARTITION BY "C c" ORDER BY d DESC NULLS LAST, b);
CREATE VIEW firsts AS SELECT DISTINCT ON (t.a, t.b) b AS a, a AS c, lower("C c") AS low FROM t ORDER BY t.a, t.b, d;
CREATE VIEW inside AS SELECT a, (SELECT max(x.b) FROM t x WHERE x.a = t.a) AS m FROM t WHERE EXISTS (SELECT FROM u WHERE (u.p).x = t.a) AND a IN (SELECT b FROM t);
CREATE VIEW outside AS SELECT s.a, s.n FROM (SELECT a, count(*) AS n FROM t GROUP BY a) s WHERE s.n > 1;
CREATE VIEW from_join AS SELECT j.a FROM (SELECT t.a, u.t FROM t JOIN u ON u.t = t.a) j;
CREATE VIEW from_union AS SELECT q.a + 1 AS a FROM ((SELECT a FROM t UNION ALL SELECT b FROM t) EXCEPT SELECT t FROM u) q;
CREATE VIEW unions AS SELECT a FROM t UNION SELECT t FROM u ORDER BY 1;
CREATE VIEW nested AS (SELECT a FROM t ORDER BY b LIMIT 1) UNION ALL (SELECT b FROM t ORDER BY a LIMIT 2);
CREATE VIEW with_one AS WITH c AS (SELECT a, b FROM t), d AS MATERIALIZED (SELECT c.a FROM c) SELECT a, (SELECT count(*) FROM c) AS n FROM d;
CREATE VIEW with_loop AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n, n * 2 AS two FROM r;
CREATE VIEW series AS SELECT n, o FROM generate_series(1, 3) WITH ORDINALITY AS g(n, o);
CREATE VIEW rows_from AS SELECT x, y FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY['a', 'b'])) AS r(x, y);
CREATE VIEW listed AS SELECT k, v FROM (VALUES (1, 'a'), (2, 'b')) AS l(k, v);
CREATE VIEW fields AS SELECT (p).x, (p).y AS why, t, public.f(t) AS f, p FROM u;
CREATE VIEW aliased AS SELECT public.b, public.e, f(public.b) AS f FROM t AS public(e) TABLESAMPLE system (10);
CREATE VIEW locked AS SELECT a, extract(year FROM d) AS y, substring("C c" FROM 1 FOR 2) AS s, a IS DISTINCT FROM b AS other FROM t FETCH FIRST 3 ROWS ONLY;
CREATE VIEW updated AS SELECT * FROM t FOR UPDATE;
CREATE VIEW of_view AS SELECT bee, row_of_t, (row_of_t).b FROM plain;
CREATE VIEW child AS SELECT a FROM ONLY t;
CREATE VIEW js AS SELECT e.key, e.value ->> 'x' AS x FROM jsonb_each('{}') e;
CREATE VIEW xs AS SELECT n FROM xmltable('/a' PASSING (xmlparse(document '<a></a>')) COLUMNS n text PATH 'b');
CREATE MATERIALIZED VIEW stored AS SELECT a, max(b) AS b FROM t GROUP BY a ORDER BY a;
CREATE VIEW old_names AS SELECT "old".a, "new".b FROM t "old" JOIN t "new" ON "new".a = "old".b;
CREATE TABLE "new" (a int); CREATE VIEW of_new AS SELECT a, (SELECT max("old".b) FROM t "old" WHERE "old".a = "new".a) AS b FROM "new";
CREATE VIEW none AS SELECT 1 AS one;
-- old
CREATE VIEW changed AS SELECT a, b FROM t;
-- new
CREATE VIEW changed AS SELECT a, b, "C c" FROM t ORDER BY a;
