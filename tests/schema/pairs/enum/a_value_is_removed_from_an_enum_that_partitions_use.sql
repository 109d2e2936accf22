-- expect: refused
-- old
CREATE TYPE kind AS ENUM ('a', 'b', 'c');
CREATE TABLE t (k kind) PARTITION BY LIST (k);
CREATE TABLE t_a PARTITION OF t FOR VALUES IN ('a');
-- new
CREATE TYPE kind AS ENUM ('a', 'b');
CREATE TABLE t (k kind) PARTITION BY LIST (k);
CREATE TABLE t_a PARTITION OF t FOR VALUES IN ('a');
