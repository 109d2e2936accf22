-- old
CREATE TABLE t (id int PRIMARY KEY, meta json NOT NULL DEFAULT '{}', CHECK (json_typeof(meta) = 'object')); CREATE INDEX i ON t ((meta->>'a')); CREATE VIEW v AS SELECT meta->'a' AS a FROM t;
-- new
CREATE TABLE t (id int PRIMARY KEY, meta jsonb NOT NULL DEFAULT '{}', CHECK (jsonb_typeof(meta) = 'object')); CREATE INDEX i ON t ((meta->>'a')); CREATE INDEX g ON t USING gin (meta jsonb_path_ops); CREATE VIEW v AS SELECT meta->'a' AS a FROM t;
-- data
INSERT INTO t VALUES (1,'{"a": 1}');
-- check: SELECT a FROM v => 1
