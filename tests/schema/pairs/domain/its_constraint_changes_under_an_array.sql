-- old
CREATE DOMAIN d AS text CONSTRAINT c CHECK (VALUE <> '');
CREATE TABLE t (a d[]);
-- new
CREATE DOMAIN d AS text CONSTRAINT c CHECK (length(VALUE) > 1);
CREATE TABLE t (a d[]);
