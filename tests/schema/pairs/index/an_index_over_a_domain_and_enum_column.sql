-- old
CREATE TYPE e AS ENUM ('a','b'); CREATE DOMAIN d AS text CHECK (VALUE <> ''); CREATE TABLE t (x e, y d, z e[]); CREATE INDEX i ON t (x) WHERE x = 'a'; CREATE INDEX j ON t (lower(y)); CREATE INDEX k ON t USING gin (z);
-- new
CREATE TYPE e AS ENUM ('a','b','c'); CREATE DOMAIN d AS text CHECK (length(VALUE) > 1); CREATE TABLE t (x e, y d, z e[]); CREATE INDEX i ON t (x) WHERE x IN ('a','c'); CREATE INDEX j ON t (upper(y)); CREATE INDEX k ON t USING gin (z);
