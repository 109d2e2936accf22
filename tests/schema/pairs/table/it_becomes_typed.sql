-- base
CREATE TYPE ty AS (f1 int, f3 text);
-- old
CREATE TABLE t (f1 int, f2 text, f3 text);
CREATE TABLE u OF ty;
-- new
CREATE TABLE t OF ty;
CREATE TABLE u (f1 int, f3 text, f4 int);
