-- requires-extension: postgres_fdw
-- expect: refused both ways
-- old
CREATE EXTENSION postgres_fdw; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw; CREATE TYPE e AS RANGE (subtype = int); CREATE TABLE p (k int, v e) ; CREATE FOREIGN TABLE p2 (z int) INHERITS (p) SERVER s;
-- new
CREATE EXTENSION postgres_fdw; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw; CREATE TYPE e AS RANGE (subtype = bigint); CREATE TABLE p (k int, v e) ; CREATE FOREIGN TABLE p2 (z int) INHERITS (p) SERVER s;
