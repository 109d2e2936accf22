-- old
CREATE TABLE t (a text, r int4range);
-- new
CREATE TABLE t (a text, r int4range);
CREATE INDEX h ON t USING hash (a);
CREATE INDEX s ON t USING spgist (r);
