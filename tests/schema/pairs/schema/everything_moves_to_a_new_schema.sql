-- old
CREATE TYPE k AS ENUM ('a', 'b');
CREATE TABLE a (id serial PRIMARY KEY, k k DEFAULT 'a');
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
CREATE VIEW v AS SELECT a.id FROM a JOIN b ON b.a = a.id;
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM a';
-- new
CREATE SCHEMA app;
SET search_path = app, public;
CREATE TYPE app.k AS ENUM ('a', 'b');
CREATE TABLE app.a (id serial PRIMARY KEY, k k DEFAULT 'a');
CREATE TABLE app.b (id int PRIMARY KEY, a int REFERENCES a);
CREATE VIEW app.v AS SELECT a.id FROM a JOIN b ON b.a = a.id;
CREATE FUNCTION app.f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM a';
