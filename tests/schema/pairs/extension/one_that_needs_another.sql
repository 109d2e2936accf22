-- requires-extension: earthdistance
-- old
CREATE TABLE t (a float, b float);
-- new

CREATE EXTENSION cube; CREATE EXTENSION earthdistance; COMMENT ON EXTENSION cube IS 'cubes';
CREATE TABLE t (a float, b float); CREATE INDEX i ON t USING gist (ll_to_earth(a, b));
