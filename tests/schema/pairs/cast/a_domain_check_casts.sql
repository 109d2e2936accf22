-- base
CREATE TYPE pair AS (p int);
-- old

-- new
CREATE FUNCTION to_number(pair) RETURNS int IMMUTABLE LANGUAGE sql RETURN ($1).p;
CREATE CAST (pair AS int) WITH FUNCTION to_number(pair);
CREATE DOMAIN beyond AS int CHECK (value > row(1)::pair::int);
CREATE TABLE t (a pair, b int DEFAULT row(1)::pair::int, CHECK (a::int > 0));
CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT a::int FROM t; END;
