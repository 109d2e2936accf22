-- old
CREATE TABLE sales (region text, product text, day date, amount numeric(12,2));
CREATE VIEW report AS WITH d AS (SELECT * FROM sales WHERE amount > 0) SELECT region, product, sum(amount) AS total FROM d GROUP BY ROLLUP (region, product);
CREATE VIEW both_ways AS SELECT region FROM sales UNION SELECT product FROM sales ORDER BY 1;
-- new
CREATE TABLE sales (region text, product text, day date, amount numeric(14,4), currency char(3) DEFAULT 'EUR');
CREATE VIEW report AS WITH d AS MATERIALIZED (SELECT * FROM sales WHERE amount > 0) SELECT region, product, sum(amount) AS total, grouping(region) AS g FROM d GROUP BY CUBE (region, product);
CREATE VIEW both_ways AS SELECT region FROM sales UNION ALL SELECT currency FROM sales ORDER BY 1 LIMIT 5;
