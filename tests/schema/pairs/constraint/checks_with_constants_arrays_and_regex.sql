-- old
CREATE TABLE t (status text, code varchar(10), email text, price numeric, tags text[], CONSTRAINT s CHECK (status IN ('a','b')), CHECK (code ~ '^[A-Z]+$'), CHECK (price BETWEEN 0 AND 100));
-- new
CREATE TABLE t (status text, code varchar(10), email text, price numeric, tags text[], CONSTRAINT s CHECK (status = ANY (ARRAY['a','b','c'])), CHECK (code ~ '^[A-Z]{2,}$'), CHECK (email LIKE '%@%' AND email NOT LIKE '% %'), CHECK (price >= 0 AND price <= 1000 OR price IS NULL), CHECK (array_length(tags, 1) < 5), CHECK (CASE WHEN status = 'a' THEN price > 0 ELSE true END));
