-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int, d json DEFAULT '{}'); CREATE VIEW v AS SELECT d->>'a' a FROM t;
-- new
CREATE TABLE t (id int, d jsonb NOT NULL DEFAULT '{}', CONSTRAINT o CHECK (jsonb_typeof(d) = 'object')); CREATE INDEX t_d ON t USING gin (d jsonb_path_ops); CREATE VIEW v AS SELECT d->>'a' a FROM t;
