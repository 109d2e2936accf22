-- old
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
-- new
CREATE COLLATION ci (provider = icu, locale = 'de-u-ks-level1', deterministic = false);
