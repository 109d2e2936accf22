-- old
CREATE TABLE orders (id bigserial PRIMARY KEY, customer int NOT NULL, placed timestamp NOT NULL, total numeric(10,2));
CREATE FUNCTION fiscal_year(d timestamp) RETURNS int LANGUAGE sql IMMUTABLE AS $$SELECT extract(year FROM d + interval '3 months')::int$$;
CREATE VIEW yearly AS SELECT fiscal_year(placed) AS y, customer, sum(total) AS s FROM orders GROUP BY 1, 2;
CREATE MATERIALIZED VIEW ranking AS SELECT y, customer, rank() OVER (PARTITION BY y ORDER BY s DESC) AS r FROM yearly;
CREATE UNIQUE INDEX ranking_key ON ranking (y, customer);
CREATE VIEW best AS SELECT * FROM ranking WHERE r <= 10;
CREATE FUNCTION best_of(y int) RETURNS SETOF best LANGUAGE sql STABLE AS 'SELECT * FROM best WHERE best.y = $1';
-- new
CREATE TABLE orders (id bigserial PRIMARY KEY, customer bigint NOT NULL, placed timestamptz NOT NULL, total numeric(12,2));
CREATE FUNCTION fiscal_year(d timestamptz) RETURNS int LANGUAGE sql STABLE AS $$SELECT extract(year FROM d + interval '3 months')::int$$;
CREATE VIEW yearly AS SELECT fiscal_year(placed) AS y, customer, sum(total) AS s FROM orders GROUP BY 1, 2;
CREATE MATERIALIZED VIEW ranking AS SELECT y, customer, rank() OVER (PARTITION BY y ORDER BY s DESC) AS r FROM yearly;
CREATE UNIQUE INDEX ranking_key ON ranking (y, customer);
CREATE VIEW best AS SELECT * FROM ranking WHERE r <= 10;
CREATE FUNCTION best_of(y int) RETURNS SETOF best LANGUAGE sql STABLE AS 'SELECT * FROM best WHERE best.y = $1';
