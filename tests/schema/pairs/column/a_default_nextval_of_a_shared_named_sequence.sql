-- old
CREATE SEQUENCE order_no START 1000; CREATE TABLE o (id int PRIMARY KEY, no bigint); CREATE TABLE i (id int PRIMARY KEY, no bigint DEFAULT nextval('order_no'));
-- new
CREATE SEQUENCE order_no START 1000; CREATE TABLE o (id int PRIMARY KEY, no text NOT NULL DEFAULT 'O-' || lpad(nextval('order_no')::text, 8, '0')); CREATE TABLE i (id int PRIMARY KEY, no bigint); ALTER SEQUENCE order_no OWNED BY o.no;
