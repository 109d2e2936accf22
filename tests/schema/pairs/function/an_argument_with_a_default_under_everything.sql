-- recreates: t.g
-- old
CREATE FUNCTION slug(t text) RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT lower(t)$$;
CREATE TABLE t (k text, g text GENERATED ALWAYS AS (slug(k)) STORED, d text DEFAULT slug('A'), CONSTRAINT c CHECK (slug(k) <> ''));
CREATE INDEX i ON t (slug(k));
CREATE VIEW v AS SELECT slug(k) AS s FROM t;
CREATE MATERIALIZED VIEW m AS SELECT slug(k) AS s FROM t;
CREATE FUNCTION other() RETURNS text BEGIN ATOMIC SELECT slug('x'); END;
CREATE POLICY p ON t USING (slug(k) = 'a');
-- new
CREATE FUNCTION slug(t text, sep text DEFAULT '-') RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT replace(lower(t), ' ', sep)$$;
CREATE TABLE t (k text, g text GENERATED ALWAYS AS (slug(k)) STORED, d text DEFAULT slug('A'), CONSTRAINT c CHECK (slug(k) <> ''));
CREATE INDEX i ON t (slug(k));
CREATE VIEW v AS SELECT slug(k) AS s FROM t;
CREATE MATERIALIZED VIEW m AS SELECT slug(k) AS s FROM t;
CREATE FUNCTION other() RETURNS text BEGIN ATOMIC SELECT slug('x'); END;
CREATE POLICY p ON t USING (slug(k) = 'a');
