-- old
CREATE TABLE t (id int PRIMARY KEY, name text, mail text);
CREATE VIEW v AS SELECT id, name, mail FROM t;
COMMENT ON VIEW v IS 'people'; COMMENT ON COLUMN v.name IS 'how they are called'; COMMENT ON COLUMN v.mail IS 'where';
GRANT SELECT (id, name) ON v TO alice; GRANT SELECT, UPDATE ON v TO bob;
ALTER VIEW v ALTER COLUMN name SET DEFAULT 'nobody';
-- new
CREATE TABLE t (id int PRIMARY KEY, name text, mail text);
CREATE VIEW v AS SELECT mail, id, name FROM t;
COMMENT ON VIEW v IS 'people'; COMMENT ON COLUMN v.name IS 'how they are called'; COMMENT ON COLUMN v.mail IS 'where to write';
GRANT SELECT (id, mail) ON v TO alice; GRANT SELECT, UPDATE ON v TO bob;
ALTER VIEW v ALTER COLUMN name SET DEFAULT 'nobody'; ALTER VIEW v ALTER COLUMN id SET DEFAULT 7;
