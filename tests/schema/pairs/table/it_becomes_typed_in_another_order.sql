-- expect: refused
-- base
CREATE TYPE ty AS (f1 int, f3 text);
-- old
CREATE TABLE t (f3 text, f1 int);
-- new
CREATE TABLE t OF ty;
