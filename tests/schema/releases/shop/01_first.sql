CREATE TYPE order_status AS ENUM ('new', 'paid', 'shipped');
CREATE TABLE customer (id serial PRIMARY KEY, email varchar(100) NOT NULL UNIQUE, name varchar(100), created timestamp NOT NULL DEFAULT now());
CREATE TABLE product (id serial PRIMARY KEY, sku varchar(20) NOT NULL, title text NOT NULL, price numeric(8,2) NOT NULL, CONSTRAINT product_sku UNIQUE (sku));
CREATE TABLE "order" (id serial PRIMARY KEY, customer_id int NOT NULL REFERENCES customer, status order_status NOT NULL DEFAULT 'new', placed timestamp DEFAULT now());
CREATE TABLE order_line (order_id int REFERENCES "order", product_id int REFERENCES product, qty int NOT NULL, price numeric(8,2) NOT NULL, PRIMARY KEY (order_id, product_id));
CREATE INDEX order_customer ON "order" (customer_id);
CREATE VIEW order_total AS SELECT o.id, o.status, sum(l.qty * l.price) AS total FROM "order" o JOIN order_line l ON l.order_id = o.id GROUP BY o.id;
