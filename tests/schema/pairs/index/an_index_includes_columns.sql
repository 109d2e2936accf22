-- old
CREATE TABLE t (a int, b int, c text);
CREATE INDEX i ON t (a);
-- new
CREATE TABLE t (a int, b int, c text);
CREATE INDEX i ON t (a) INCLUDE (b, c);
