-- requires-extension: citext
-- old
CREATE EXTENSION citext; CREATE TABLE t (a char(3), b varchar(5), c text, d citext, e varchar(10) COLLATE "C"); CREATE INDEX i ON t (a, b); CREATE INDEX j ON t (c text_pattern_ops); CREATE INDEX k ON t (d); CREATE INDEX l ON t (e);
-- new
CREATE EXTENSION citext; CREATE TABLE t (a varchar(3), b char(5), c citext, d text, e text COLLATE "POSIX"); CREATE INDEX i ON t (a, b); CREATE INDEX j ON t (c); CREATE INDEX k ON t (d); CREATE INDEX l ON t (e);
-- data
INSERT INTO t VALUES ('a','b','c','D','e');
