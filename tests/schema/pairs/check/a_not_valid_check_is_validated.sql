-- forbid: DROP
-- old
CREATE TABLE t (a int);
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
-- new
CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0));
