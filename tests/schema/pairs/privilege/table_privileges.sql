-- forbid: DROP
-- old
CREATE TABLE t (a int, b int);
GRANT SELECT ON t TO alice;
-- new
CREATE TABLE t (a int, b int);
GRANT SELECT, INSERT, UPDATE ON t TO alice WITH GRANT OPTION;
GRANT ALL ON t TO bob;
GRANT SELECT ON t TO PUBLIC;
