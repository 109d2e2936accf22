-- base
CREATE TABLE p (a int);
-- old
CREATE TABLE c (a int);
-- new
CREATE TABLE q (b int, d text); CREATE TABLE c (a int, b int, d text) INHERITS (p, q);
