-- hazard: table rewrite on public.t
-- hazard: may fail
-- old
CREATE TYPE e AS ENUM ('a', 'b');
CREATE TABLE t (x e, y e[]);
-- new
CREATE TYPE e AS ENUM ('a');
CREATE TABLE t (x e, y e[]);
