-- old
-- new
CREATE TYPE mood AS ENUM ('ok', 'sad');
CREATE DOMAIN posint AS int CHECK (VALUE > 0);
CREATE TABLE t (a int);
CREATE FUNCTION f(mood, posint, t, t[]) RETURNS mood LANGUAGE sql AS 'SELECT $1';
