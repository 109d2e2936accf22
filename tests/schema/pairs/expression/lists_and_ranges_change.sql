-- require: CHECK \(\(\(status\)::text = ANY \(ARRAY\['new'::character varying, 'paid'::character varying, 'refunded'::character varying\]\)\)\)
-- base
CREATE TABLE orders (id bigint PRIMARY KEY, status varchar(20) NOT NULL, stars int, open boolean);
-- old
ALTER TABLE orders ADD CONSTRAINT known CHECK (status IN ('new', 'paid')),
    ADD CONSTRAINT rated CHECK (stars BETWEEN 1 AND 5 AND open);
CREATE INDEX to_do ON orders (id) WHERE status IN ('new', 'paid') AND open;
CREATE VIEW waiting AS SELECT id FROM orders WHERE stars BETWEEN 1 AND 3 AND status NOT IN ('paid');
-- new
ALTER TABLE orders ADD CONSTRAINT known CHECK (status IN ('new', 'paid', 'refunded')),
    ADD CONSTRAINT rated CHECK (stars BETWEEN 1 AND 10 AND open);
CREATE INDEX to_do ON orders (id) WHERE stars BETWEEN 1 AND 4 AND status IN ('new', 'refunded');
CREATE VIEW waiting AS SELECT id FROM orders WHERE stars BETWEEN 2 AND 3 AND open OR status NOT IN ('paid', 'refunded');
-- data
INSERT INTO orders VALUES (1, 'new', 3, true);
