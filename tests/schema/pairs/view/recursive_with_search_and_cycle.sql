-- old
CREATE TABLE e (a int, b int);
CREATE RECURSIVE VIEW r (a, n) AS SELECT a, 1 FROM e UNION ALL SELECT e.b, r.n + 1 FROM e JOIN r ON e.a = r.a;
-- new
CREATE TABLE e (a int, b int, w numeric DEFAULT 1);
CREATE VIEW r AS WITH RECURSIVE x(a, n) AS (SELECT a, 1 FROM e UNION ALL SELECT e.b, x.n + 1 FROM e JOIN x ON e.a = x.a) SEARCH DEPTH FIRST BY a SET o CYCLE a SET c USING p SELECT a, n, o::text AS o, c FROM x;
