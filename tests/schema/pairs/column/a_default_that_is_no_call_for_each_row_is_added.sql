-- base
CREATE FUNCTION fixed() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
-- old
CREATE TABLE t (id int);
-- new
CREATE TABLE t (id int, a text DEFAULT 'random() (', b text DEFAULT lower('A('), c timestamptz DEFAULT (now() + '1 day'),
  d text DEFAULT current_setting('random()', true), e int DEFAULT fixed(), f numeric(10, 2) DEFAULT (1.5)::numeric(10, 2),
  g int[] DEFAULT ARRAY[(1), 2], h date DEFAULT CURRENT_DATE);
-- no-hazard: table rewrite
