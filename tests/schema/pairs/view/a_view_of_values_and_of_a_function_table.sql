-- old
CREATE FUNCTION pairs(n int, OUT a int, OUT b text) RETURNS SETOF record LANGUAGE sql AS 'SELECT i, i::text FROM generate_series(1, n) i';
CREATE VIEW v AS SELECT * FROM pairs(3) WITH ORDINALITY;
CREATE VIEW w AS VALUES (1, 'one'), (2, 'two');
-- new
CREATE FUNCTION pairs(n int, OUT a int, OUT b varchar, OUT c bool) RETURNS SETOF record LANGUAGE sql AS 'SELECT i, i::varchar, true FROM generate_series(1, n) i';
CREATE VIEW v AS SELECT * FROM pairs(3) WITH ORDINALITY;
CREATE VIEW w AS VALUES (1, 'one'), (2, 'two'), (3, 'three');
