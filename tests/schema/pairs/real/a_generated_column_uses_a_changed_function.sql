-- forbid: DROP
-- old
CREATE FUNCTION slug(t text) RETURNS text IMMUTABLE LANGUAGE sql RETURN lower(t); CREATE TABLE t (id int, title text, slug text GENERATED ALWAYS AS (slug(title)) STORED); CREATE UNIQUE INDEX t_slug ON t (slug);
-- new
CREATE FUNCTION slug(t text) RETURNS text IMMUTABLE LANGUAGE sql RETURN lower(replace(t, ' ', '-')); CREATE TABLE t (id int, title text, slug text GENERATED ALWAYS AS (slug(title)) STORED); CREATE UNIQUE INDEX t_slug ON t (slug);
