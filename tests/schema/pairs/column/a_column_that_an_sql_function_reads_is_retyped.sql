-- old
CREATE TABLE t (id int, v int);
CREATE FUNCTION top() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT max(v)::bigint FROM t; END;
-- new
CREATE TABLE t (id int, v bigint);
CREATE FUNCTION top() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT max(v)::bigint FROM t; END;
