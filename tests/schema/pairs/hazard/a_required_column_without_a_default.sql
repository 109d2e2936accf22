-- hazard: scan under lock on public.t
-- hazard: may fail
-- old
CREATE TABLE t (a int);
-- new
CREATE TABLE t (a int, b int NOT NULL);
