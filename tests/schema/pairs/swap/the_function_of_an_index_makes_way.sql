-- old
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + 1';
CREATE TABLE t (a int, b int);
CREATE INDEX t_i ON t (f(a));
CREATE INDEX t_j ON t (b);
-- new
CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE TABLE t (a int, b int);
CREATE INDEX t_i ON t (f(a::text));
CREATE INDEX t_j ON t (f(b::text));
