-- old
CREATE TABLE a (id int);
-- new
CREATE TABLE a (id int);
CREATE TABLE later (id int PRIMARY KEY, n int);
CREATE FUNCTION one() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM later';
CREATE FUNCTION two() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT one()'; 
CREATE VIEW zv AS SELECT one() AS n;
CREATE TABLE b (id int DEFAULT one());

