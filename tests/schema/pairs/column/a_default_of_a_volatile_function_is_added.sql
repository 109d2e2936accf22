-- base
CREATE FUNCTION each() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION "Any(" () RETURNS int VOLATILE LANGUAGE sql AS 'SELECT 1';
-- old
CREATE TABLE t (id int);
-- new
CREATE TABLE t (id int, a int DEFAULT (each() + 1), b int DEFAULT "Any("());
-- hazard: table rewrite on public\.t: column a
-- hazard: table rewrite on public\.t: column b
