-- The demonstration's shop: schema `ecommerce` and its rows.
-- Every row is computed from its number, so that each run on each machine makes the same ones. A second run finds
-- the tables filled and changes nothing; one transaction, so that a killed run leaves nothing half done.

CREATE SCHEMA IF NOT EXISTS ecommerce;

CREATE TABLE IF NOT EXISTS ecommerce.customers (
    id         serial PRIMARY KEY,
    name       varchar(100) NOT NULL,
    email      varchar(255) UNIQUE NOT NULL,
    created_at timestamp DEFAULT now()
);

CREATE TABLE IF NOT EXISTS ecommerce.products (
    id       serial PRIMARY KEY,
    name     varchar(200) NOT NULL,
    price    decimal(10, 2) NOT NULL,
    category varchar(50)
);

CREATE TABLE IF NOT EXISTS ecommerce.orders (
    id          serial PRIMARY KEY,
    customer_id int REFERENCES ecommerce.customers (id),
    total       decimal(10, 2) NOT NULL,
    status      varchar(20) DEFAULT 'pending',
    created_at  timestamp DEFAULT now()
);

CREATE TABLE IF NOT EXISTS ecommerce.order_items (
    id         serial PRIMARY KEY,
    order_id   int REFERENCES ecommerce.orders (id),
    product_id int REFERENCES ecommerce.products (id),
    quantity   int NOT NULL,
    unit_price decimal(10, 2) NOT NULL
);

INSERT INTO ecommerce.customers (name, email, created_at)
SELECT first || ' ' || last,
       lower(first || '.' || last) || n || '@example.com',
       timestamp '2025-01-01' + n * interval '61 hours'
FROM generate_series(1, 100) AS n,
     LATERAL (SELECT (ARRAY['Ada', 'Ben', 'Chloe', 'David', 'Elena', 'Farid', 'Grace', 'Hugo', 'Ines', 'Jonas'])[1 + n % 10] AS first,
                     (ARRAY['Abbott', 'Baker', 'Costa', 'Dubois', 'Evans', 'Fischer', 'Garcia', 'Huang', 'Ito', 'Jensen'])[1 + n / 10 % 10] AS last) AS names
WHERE NOT EXISTS (SELECT FROM ecommerce.customers);

INSERT INTO ecommerce.products (name, price, category)
SELECT names[1 + (n - 1) / 5], 5.99 + 6 * (n * 37 % 50), category
FROM generate_series(1, 50) AS n
JOIN (VALUES
    (0, 'Electronics', ARRAY['Headphones', 'Keyboard', 'Monitor', 'Webcam', 'Speaker', 'Charger', 'Tablet', 'Router', 'Microphone', 'Projector']),
    (1, 'Clothing', ARRAY['T-Shirt', 'Jeans', 'Jacket', 'Sneakers', 'Scarf', 'Sweater', 'Raincoat', 'Belt', 'Cap', 'Socks']),
    (2, 'Books', ARRAY['Novel', 'Cookbook', 'Atlas', 'Biography', 'Poems', 'Dictionary', 'Travel Guide', 'Comic', 'Textbook', 'Journal']),
    (3, 'Home', ARRAY['Lamp', 'Kettle', 'Blanket', 'Mirror', 'Toaster', 'Pillow', 'Clock', 'Vase', 'Carpet', 'Shelf']),
    (4, 'Sports', ARRAY['Yoga Mat', 'Dumbbells', 'Football', 'Racket', 'Helmet', 'Rope', 'Tent', 'Bicycle', 'Skates', 'Bottle'])
) AS categories (number, category, names) ON number = n % 5
WHERE NOT EXISTS (SELECT FROM ecommerce.products)
ORDER BY n;

-- A squared pseudo-random share: early customers order often, late ones seldom or never, so every tier occurs.
INSERT INTO ecommerce.orders (customer_id, total, status, created_at)
SELECT 1 + (100 * share * share)::int % 100,
       0,
       (ARRAY['pending', 'confirmed', 'shipped', 'delivered'])[1 + n * 7 / 5 % 4],
       timestamp '2026-01-01' + n * interval '31 hours'
FROM generate_series(1, 200) AS n,
     LATERAL (SELECT (n * 7919::bigint % 1009) / 1009.0 AS share) AS random
WHERE NOT EXISTS (SELECT FROM ecommerce.orders)
ORDER BY n;

-- Eight orders in a row have 1, 2, 5, 2, 1, 3, 4 and 2 items: 20 in eight orders are 500 in two hundred.
INSERT INTO ecommerce.order_items (order_id, product_id, quantity, unit_price)
SELECT o.id, p.id, 1 + (o.id + item * 2) % 3, p.price
FROM ecommerce.orders AS o
CROSS JOIN LATERAL generate_series(1, (ARRAY[1, 2, 5, 2, 1, 3, 4, 2])[1 + o.id % 8]) AS item
JOIN ecommerce.products AS p ON p.id = 1 + (o.id * 17 + item * 13) % 50
WHERE NOT EXISTS (SELECT FROM ecommerce.order_items)
ORDER BY o.id, item;

UPDATE ecommerce.orders AS o
SET total = sums.total
FROM (SELECT order_id, sum(quantity * unit_price) AS total FROM ecommerce.order_items GROUP BY order_id) AS sums
WHERE sums.order_id = o.id AND o.total = 0;
