-- old
CREATE TABLE o (id int, customer int, total numeric);
CREATE VIEW ranked AS SELECT id, total FROM o;
-- new
CREATE TABLE o (id int, customer int, total numeric);
CREATE VIEW ranked AS SELECT o.id, o.total, rank() OVER w AS r, x.n FROM o CROSS JOIN LATERAL (SELECT count(*) AS n FROM o o2 WHERE o2.customer = o.customer) x WINDOW w AS (PARTITION BY o.customer ORDER BY o.total DESC);
