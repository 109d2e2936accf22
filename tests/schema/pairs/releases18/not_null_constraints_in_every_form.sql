-- one-way: true
-- min-version: 18
-- old
CREATE TABLE p (a int CONSTRAINT a_there NOT NULL, b int, c int NOT NULL NO INHERIT, d int);
ALTER TABLE p ADD CONSTRAINT d_there NOT NULL d NOT VALID; CREATE TABLE k () INHERITS (p); COMMENT ON CONSTRAINT a_there ON p IS 'must';
-- new
CREATE TABLE p (a int CONSTRAINT a_is NOT NULL, b int, c int NOT NULL, d int);
ALTER TABLE p ADD CONSTRAINT b_there NOT NULL b NOT VALID; ALTER TABLE p ADD CONSTRAINT d_there NOT NULL d; CREATE TABLE k () INHERITS (p); COMMENT ON CONSTRAINT a_is ON p IS 'must be';
