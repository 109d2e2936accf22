-- old
CREATE TABLE t (a int, b text, r daterange); CREATE UNIQUE INDEX u ON t (lower(b), a); CREATE UNIQUE INDEX w ON t (a) WHERE b IS NULL;
-- new
CREATE TABLE t (a int, b text, r daterange, CONSTRAINT u EXCLUDE (lower(b) WITH =, a WITH =), CONSTRAINT w EXCLUDE USING gist (r WITH &&) WHERE (b IS NULL));
