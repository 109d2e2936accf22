-- hazard: table rewrite on public.t
-- old
CREATE TABLE t (a int);
-- new
CREATE TABLE t (a int, b float8 DEFAULT (random() * 10), c timestamptz DEFAULT now(), d int NOT NULL DEFAULT 7);
