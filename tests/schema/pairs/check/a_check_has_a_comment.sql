-- old
CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0));
-- new
CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 1));
COMMENT ON CONSTRAINT c ON t IS 'at least two';
