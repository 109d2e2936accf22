-- old
CREATE TABLE t (a int); CREATE TABLE u (a int);
CREATE INDEX by_a ON t (a);
-- new
CREATE TABLE t (a int); CREATE TABLE u (a int);
CREATE INDEX by_a ON u (a);
