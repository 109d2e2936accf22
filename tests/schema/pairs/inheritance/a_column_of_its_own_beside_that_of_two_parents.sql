-- old
CREATE TABLE a (x int, y text);
CREATE TABLE b (x int, z text);
CREATE TABLE c (own int) INHERITS (a, b);
-- new
CREATE TABLE a (x int, y text, q int DEFAULT 1);
CREATE TABLE b (x int, z text, q int DEFAULT 1);
CREATE TABLE c (own int, q int DEFAULT 2) INHERITS (a, b);
COMMENT ON COLUMN c.x IS 'from two';
ALTER TABLE c ALTER x SET STATISTICS 50;
