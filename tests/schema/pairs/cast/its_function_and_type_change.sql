-- old
CREATE TYPE money2 AS (amount numeric, cur text);
CREATE FUNCTION to_m(numeric) RETURNS money2 LANGUAGE sql IMMUTABLE AS $$SELECT ROW($1, 'EUR')::money2$$;
CREATE CAST (numeric AS money2) WITH FUNCTION to_m(numeric) AS ASSIGNMENT;
CREATE TABLE t (m money2 DEFAULT 5.0::numeric::money2); CREATE VIEW v AS SELECT 1.5::money2 AS m;
-- new
CREATE TYPE money2 AS (amount numeric, cur text);
CREATE FUNCTION to_m(val numeric, typmod int DEFAULT -1) RETURNS money2 LANGUAGE sql IMMUTABLE AS $$SELECT ROW($1, 'USD')::money2$$;
CREATE CAST (numeric AS money2) WITH FUNCTION to_m(numeric, int); CREATE CAST (money2 AS text) WITH INOUT AS IMPLICIT;
COMMENT ON CAST (numeric AS money2) IS 'm';
CREATE TABLE t (m money2 DEFAULT 5.0::numeric::money2); CREATE VIEW v AS SELECT 1.5::money2 AS m;
