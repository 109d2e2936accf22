-- old
CREATE TYPE state AS ENUM ('open', 'closed', 'x');
CREATE FUNCTION f(s state) RETURNS state LANGUAGE sql IMMUTABLE AS 'SELECT s';
CREATE TABLE t (s state, CONSTRAINT c CHECK (s <> 'closed'));
-- new
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE FUNCTION f(s state) RETURNS state LANGUAGE sql IMMUTABLE AS 'SELECT s';
CREATE TABLE t (s state, CONSTRAINT c CHECK (s <> 'closed'));
