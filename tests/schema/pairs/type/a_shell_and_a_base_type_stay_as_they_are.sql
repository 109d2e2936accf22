-- base
CREATE TYPE pending;
-- old
-- new
CREATE TABLE t (a int);
