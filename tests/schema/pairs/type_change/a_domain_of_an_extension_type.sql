-- requires-extension: citext
-- old
CREATE EXTENSION citext; CREATE DOMAIN email AS citext CHECK (VALUE ~ '@'); CREATE TABLE t (e email, f citext[] DEFAULT '{}'); CREATE UNIQUE INDEX i ON t (e);
-- new
CREATE EXTENSION citext; CREATE DOMAIN email AS citext CHECK (VALUE ~ '^.+@.+$') NOT NULL; CREATE TABLE t (e email, f text[] DEFAULT '{}', g email[]); CREATE UNIQUE INDEX i ON t (lower(e::text));
