-- base
CREATE TYPE tone AS ENUM ('a', 'b');
-- old

-- new
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE CAST (mood AS tone) WITH INOUT AS IMPLICIT;
CREATE TYPE tone2 AS ENUM ('a');
CREATE TABLE t (m mood DEFAULT 'a', t tone GENERATED ALWAYS AS ('a') STORED);
CREATE VIEW v AS SELECT m::tone AS tone FROM t;
