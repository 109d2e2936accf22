-- old
CREATE TABLE t (id int PRIMARY KEY, g text, n numeric, at timestamptz);
CREATE VIEW a AS SELECT DISTINCT ON (g) g, n FROM t ORDER BY g, at DESC;
CREATE VIEW b AS SELECT id, sum(n) OVER w AS s FROM t WINDOW w AS (PARTITION BY g ORDER BY at ROWS 3 PRECEDING);
CREATE VIEW c AS SELECT count(*) FILTER (WHERE n > 0) AS c, percentile_cont(0.5) WITHIN GROUP (ORDER BY n) AS p, string_agg(g, ',' ORDER BY at) AS l FROM t;
-- new
CREATE TABLE t (id int PRIMARY KEY, g text COLLATE "C", n numeric(20,4), at timestamptz);
CREATE VIEW a AS SELECT DISTINCT ON (g) g, n FROM t ORDER BY g, at DESC;
CREATE VIEW b AS SELECT id, sum(n) OVER w AS s FROM t WINDOW w AS (PARTITION BY g ORDER BY at RANGE BETWEEN '1 day' PRECEDING AND CURRENT ROW EXCLUDE TIES);
CREATE VIEW c AS SELECT count(*) FILTER (WHERE n > 0) AS c, percentile_cont(0.5) WITHIN GROUP (ORDER BY n) AS p, string_agg(g, ',' ORDER BY at) AS l FROM t;
