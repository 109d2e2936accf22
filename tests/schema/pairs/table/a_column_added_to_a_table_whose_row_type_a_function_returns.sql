-- old
CREATE TABLE item (id int, name text);
CREATE FUNCTION all_items() RETURNS SETOF item LANGUAGE sql STABLE AS 'SELECT * FROM item';
-- new
CREATE TABLE item (id int, name text, price numeric(10,2));
CREATE FUNCTION all_items() RETURNS SETOF item LANGUAGE sql STABLE AS 'SELECT * FROM item';
