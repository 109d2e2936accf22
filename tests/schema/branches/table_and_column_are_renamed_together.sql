-- forbid: DROP|CREATE TABLE|ADD COLUMN
-- base
CREATE TABLE cust (id int PRIMARY KEY, nm text UNIQUE);
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM cust; END;
-- old
-- new
ALTER TABLE cust RENAME TO customer; ALTER TABLE customer RENAME nm TO name; ALTER TABLE customer RENAME CONSTRAINT cust_nm_key TO customer_name_key;
