-- base
CREATE DOMAIN dv AS varchar(10);
CREATE DOMAIN dt AS text;
CREATE TYPE en AS ENUM('a','b','c');
CREATE TABLE t(id int PRIMARY KEY, s varchar(20), t text, c char(5), n numeric(10,2), i int, b bigint, sm smallint, f float8, r real, bo boolean, bp boolean, d date, ts timestamp, tz timestamptz, iv INTERVAL, j jsonb, js json, arr text[], va varchar[], ia int[], u uuid, e en, dv dv, dt dt, nm name, BY bytea, ip inet, x xml, rg int4range, bits bit(4), vb varbit(8), mo money, pt point, oi oid, rc regclass);
CREATE TABLE t2(id int PRIMARY KEY, t_id int REFERENCES t, s varchar(20), q int, d date, bo boolean);
-- old
-- new
CREATE VIEW v1 AS SELECT * FROM t WHERE s IN ('a','b');
CREATE VIEW v2 AS SELECT t.id, CASE WHEN t.s IN ('a','b') THEN 'x' WHEN t.i BETWEEN 1 AND 2 AND t.bo THEN t.s ELSE 'y' END AS k FROM t JOIN t2 ON t.id=t2.t_id AND t2.q BETWEEN 1 AND 5 AND t.bo LEFT JOIN t2 AS z ON z.id=t.id WHERE t.i BETWEEN 1 AND 2 AND t.bo OR t.bp;
CREATE VIEW v3 AS SELECT s, count(*) FILTER (WHERE s IN ('a','b')) AS n, count(*) FILTER (WHERE i BETWEEN 1 AND 2 AND bo), sum(i) OVER (PARTITION BY s ORDER BY i ROWS BETWEEN 1 preceding AND current ROW) FROM t GROUP BY s, i HAVING count(*) BETWEEN 1 AND 5 AND bool_and(bo);
CREATE VIEW v4 AS WITH RECURSIVE w(n) AS (VALUES (1) UNION ALL SELECT n+1 FROM w WHERE n BETWEEN 1 AND 5 AND n < 4) SELECT * FROM w;
CREATE VIEW v5 AS SELECT id FROM t WHERE EXISTS(SELECT 1 FROM t2 WHERE t2.t_id = t.id AND t2.s IN ('a','b')) AND s IN (SELECT s FROM t2);
CREATE VIEW v6 AS SELECT (t.*)::text AS w, t.id FROM t WHERE (i,b) IN (SELECT q, id FROM t2) AND bo;
CREATE VIEW v7 AS SELECT 'a' AS x, NULL AS y, 1.0 AS z, -1 AS m, '2020-01-01'::date AS d, array['a','b'] AS arr UNION ALL SELECT s, t, n, i, d, arr FROM t;
CREATE VIEW v8 AS SELECT s FROM t UNION SELECT t FROM t ORDER BY 1 LIMIT 5;
CREATE VIEW v9 AS SELECT DISTINCT ON (s) s, i FROM t ORDER BY s, i DESC NULLS LAST;
CREATE VIEW v10 AS SELECT t.id, l.x FROM t, LATERAL (SELECT t2.q AS x FROM t2 WHERE t2.t_id = t.id LIMIT 1) l;
CREATE VIEW v11 AS SELECT * FROM t t(a,b2) WHERE a BETWEEN 1 AND 2 AND bo;
CREATE VIEW v12 AS SELECT * FROM generate_series(1,3) g(n), unnest(array['a','b']) WITH ordinality u(v,o), ROWS FROM (generate_series(1,2), generate_series(1,3)) AS r(a,b);
CREATE VIEW v13 AS SELECT json_build_object('a', s, 'b', i), jsonb_agg(t.*) FROM t GROUP BY s, i;
CREATE VIEW v14 AS SELECT CASE e WHEN 'a' THEN 1 ELSE 2 END AS q1, CASE s WHEN 'a' THEN 1 WHEN 'b' THEN 2 END AS q2, e::text || s AS q3, s::text AS q4, i::varchar(5) AS q5, n::int AS q6, (j->>'a')::int AS q7, extract(epoch FROM ts) AS q8, ts::date AS q9, date_trunc('day', ts)::date AS q10, s LIKE 'a%' AS q11, s ~~* 'b' AS q12, string_agg(s, ',' ORDER BY i) FROM t GROUP BY e, s, i, n, j, ts;
CREATE VIEW v15 AS SELECT grouping(s,i), s, i FROM t GROUP BY grouping sets ((s),(i),()), rollup(s,i);
CREATE VIEW v16 AS SELECT t.s FROM t tablesample system (10) repeatable (1);
CREATE VIEW v17 AS SELECT a.id FROM (t a JOIN t2 b ON a.id=b.id) FULL JOIN t2 c ON c.id=b.id CROSS JOIN t2 d NATURAL JOIN (SELECT 1 AS zz) q;
CREATE VIEW v18 AS SELECT coalesce(s, t) a1, nullif(s, t) a2, greatest(s,t) a3, s||t a4, concat(s,t) a5, i/2.0 a6, i::numeric a7, b+i a8, d+1 a9, d-d a10, ts-ts a11, d+iv a12, tz at time zone 'utc' a13 FROM t;
CREATE VIEW v19 AS SELECT x.s FROM (VALUES ('a',1),('b',2)) x(s,n) WHERE x.s IN ('a','b');
CREATE VIEW v20 AS SELECT id, EXISTS(SELECT 1) b1, array(SELECT id FROM t2) b2, (SELECT max(q) FROM t2 WHERE t2.bo AND q BETWEEN 1 AND 2 AND t2.bo) b3, i = ANY (SELECT q FROM t2) b4, NOT EXISTS (SELECT 1 FROM t2) b5, ROW(i,s)::text b6, row_number() OVER w b7 FROM t WINDOW w AS (PARTITION BY s ORDER BY i DESC groups BETWEEN unbounded preceding AND 1 following EXCLUDE ties);
CREATE VIEW v21 AS SELECT id FROM t WHERE (bo AND bp) AND i>1;
CREATE VIEW v22 AS SELECT id FROM t WHERE NOT (i BETWEEN 1 AND 2 AND bo) AND s IS NOT NULL;
CREATE VIEW v23 AS SELECT current_date AS cd, current_timestamp AS ct, current_user::text AS cu, localtime AS lt, session_user AS su;
CREATE VIEW v24 AS SELECT ((bo AND bp) IS true) AS a, (bo OR bp) AND i IN (1,2) AS b, (i IN (b,sm)) AS q, INTERVAL '1' day AS iv1, time '10:00' AS tm, b'101' AS bi, e'\\x' AS es, U&'\0041' AS un FROM t;
CREATE VIEW v25 AS SELECT xmlelement(name foo, s) AS x, s IS normalized AS nn, overlay(t placing 'a' FROM 1 FOR 2) AS ov, trim(both 'x' FROM t) AS tr, position('a' IN t) AS po, substring(t FROM 'a%' FOR '#') AS su, substring(t, 1, 2) AS s2, t COLLATE "C" AS co FROM t;
