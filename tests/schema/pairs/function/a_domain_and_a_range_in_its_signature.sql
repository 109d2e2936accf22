-- recreates: t.c
-- old
CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%'); CREATE TYPE span AS RANGE (SUBTYPE = int); CREATE FUNCTION f(m mail, s span DEFAULT '[1,2]') RETURNS mail[] LANGUAGE sql IMMUTABLE AS 'SELECT ARRAY[m]'; CREATE TABLE t (m text, c bool GENERATED ALWAYS AS (f(m::mail) IS NULL) STORED);
-- new
CREATE DOMAIN mail AS varchar(99) CHECK (VALUE LIKE '%@%.%'); CREATE TYPE span AS RANGE (SUBTYPE = bigint); CREATE FUNCTION f(m mail, s span DEFAULT '[1,3]') RETURNS mail[] LANGUAGE sql IMMUTABLE AS 'SELECT ARRAY[m]'; CREATE TABLE t (m text, c bool GENERATED ALWAYS AS (f(m::mail) IS NULL) STORED);
