-- old
CREATE SCHEMA s; CREATE TABLE t (a int, b int, c text);
CREATE STATISTICS s.one (ndistinct, dependencies) ON a, b FROM t; CREATE STATISTICS two ON (a + b) FROM t;
-- new
CREATE SCHEMA s; CREATE TABLE t (a bigint, b int, c text, d int);
CREATE STATISTICS s.one (mcv) ON a, b, d FROM t; CREATE STATISTICS two ON (a + b), (lower(c)) FROM t; ALTER STATISTICS two SET STATISTICS 500;
ALTER STATISTICS two OWNER TO alice; COMMENT ON STATISTICS two IS 'sum';
