ALTER TABLE product ADD COLUMN description text NOT NULL DEFAULT '', ADD COLUMN deleted_at timestamptz, ADD COLUMN tags text[] NOT NULL DEFAULT '{}';
ALTER TABLE product ADD COLUMN search tsvector GENERATED ALWAYS AS (setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', description), 'B')) STORED;
CREATE INDEX product_search ON product USING gin (search); CREATE INDEX product_tags ON product USING gin (tags);
ALTER TABLE product DROP CONSTRAINT product_sku;
CREATE UNIQUE INDEX product_sku ON product (upper(sku)) WHERE deleted_at IS NULL;
CREATE VIEW live_product WITH (security_barrier) AS SELECT id, sku, title, price, tags FROM product WHERE deleted_at IS NULL;
CREATE MATERIALIZED VIEW best_seller AS SELECT p.id, p.title, sum(l.qty) AS sold FROM live_product p JOIN order_line l ON l.product_id = p.id GROUP BY p.id, p.title;
CREATE UNIQUE INDEX best_seller_id ON best_seller (id); CREATE INDEX best_seller_sold ON best_seller (sold DESC NULLS LAST);
ALTER TABLE customer ALTER COLUMN created TYPE timestamptz USING created AT TIME ZONE 'UTC';
