-- recreates: u.g
-- check: SELECT y, z, m FROM u => [1,2)|{"[3,4)"}|{[5,6)}
-- old
CREATE TYPE r AS RANGE (subtype = float8);
CREATE TABLE u (y r, z r[], m r_multirange, g r GENERATED ALWAYS AS (r(1, 2)) STORED);
CREATE INDEX i ON u USING gist (y);
CREATE VIEW v AS SELECT y * r(1, 2) AS y, r_multirange(y) AS m FROM u;
-- data
INSERT INTO u VALUES ('[1,2)', '{"[3,4)"}', '{[5,6)}');
-- new
CREATE TYPE r AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE TABLE u (y r, z r[], m r_multirange, g r GENERATED ALWAYS AS (r(1, 2)) STORED);
CREATE INDEX i ON u USING gist (y);
CREATE VIEW v AS SELECT y * r(1, 2) AS y, r_multirange(y) AS m FROM u;
