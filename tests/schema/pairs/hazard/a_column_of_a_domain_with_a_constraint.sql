-- hazard: table rewrite on public.t
-- base
CREATE DOMAIN d AS int CHECK (value > 0);
CREATE DOMAIN e AS d;
CREATE DOMAIN g AS int;
-- old
CREATE TABLE t (a int);
-- new
CREATE TABLE t (a int, b d, c e, f g);
