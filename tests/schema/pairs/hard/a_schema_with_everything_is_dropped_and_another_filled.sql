-- old
CREATE SCHEMA a;
CREATE TYPE a.e AS ENUM ('x');
CREATE DOMAIN a.d AS int CHECK (VALUE > 0);
CREATE TABLE a.t (id a.d PRIMARY KEY, e a.e DEFAULT 'x');
CREATE FUNCTION a.f(a.e) RETURNS a.t LANGUAGE sql AS 'SELECT * FROM a.t';
CREATE VIEW a.v AS SELECT (a.f(e)).id FROM a.t;
CREATE TABLE keep (id int, e a.e);
-- new
CREATE SCHEMA b AUTHORIZATION bob;
CREATE TYPE b.e AS ENUM ('x');
CREATE DOMAIN b.d AS int CHECK (VALUE > 0);
CREATE TABLE b.t (id b.d PRIMARY KEY, e b.e DEFAULT 'x');
CREATE FUNCTION b.f(b.e) RETURNS b.t LANGUAGE sql AS 'SELECT * FROM b.t';
CREATE VIEW b.v AS SELECT (b.f(e)).id FROM b.t;
CREATE TABLE keep (id int, e b.e);
