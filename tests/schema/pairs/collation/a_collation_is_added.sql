-- old
-- new
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE COLLATION c2 FROM "C";
COMMENT ON COLLATION ci IS 'ignores case';
