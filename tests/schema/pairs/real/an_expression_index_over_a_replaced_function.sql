-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE FUNCTION norm(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower(t)'; CREATE TABLE t (a text, CONSTRAINT c CHECK (norm(a) <> '')); CREATE INDEX i ON t (norm(a));
-- new
CREATE FUNCTION norm(s text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower(s)'; CREATE TABLE t (a text, CONSTRAINT c CHECK (norm(a) <> '')); CREATE INDEX i ON t (norm(a));
