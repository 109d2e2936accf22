-- old
CREATE TYPE s AS ENUM ('a','b'); CREATE DOMAIN ds AS s CHECK (VALUE <> 'b'); CREATE TYPE c AS (s s, n int); CREATE TABLE t (d ds, id int);
-- new
CREATE TYPE s AS ENUM ('0','a','b','z'); CREATE DOMAIN ds AS s CHECK (VALUE <> 'z'); CREATE TYPE c AS (s s, n int, m ds); CREATE TABLE t (d ds DEFAULT '0', id int, c c);
-- one-way
