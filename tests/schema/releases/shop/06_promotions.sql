CREATE TYPE discount AS (percent numeric, amount money_amount);
CREATE TABLE promotion (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), code text NOT NULL, valid tstzrange NOT NULL, discount discount, CONSTRAINT promotion_code_once EXCLUDE USING gist (valid WITH &&) WHERE (code = 'GLOBAL'));
CREATE TABLE order_promotion (order_id bigint REFERENCES "order" ON DELETE CASCADE, promotion_id uuid REFERENCES promotion, PRIMARY KEY (promotion_id, order_id));
CREATE FUNCTION active_promotions(at timestamptz DEFAULT now()) RETURNS SETOF promotion LANGUAGE sql STABLE AS 'SELECT * FROM promotion WHERE valid @> at';
CREATE FUNCTION apply_discount(m money_amount, d discount) RETURNS money_amount LANGUAGE sql IMMUTABLE RETURN round(m * (1 - coalesce((d).percent, 0) / 100) - coalesce((d).amount, 0), 2);
CREATE VIEW order_total_discounted AS SELECT t.id, t.total, apply_discount(t.total::money_amount, p.discount) AS reduced FROM order_total t LEFT JOIN order_promotion op ON op.order_id = t.id LEFT JOIN promotion p ON p.id = op.promotion_id;
ALTER TABLE "order" ADD COLUMN note text, ALTER COLUMN placed SET NOT NULL;
