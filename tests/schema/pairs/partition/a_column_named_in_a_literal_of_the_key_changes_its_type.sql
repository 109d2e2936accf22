-- old
CREATE TABLE t (code text, kind int) PARTITION BY LIST (lower(code || ' kind '));
CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('a kind ');
-- new
CREATE TABLE t (code text, kind bigint) PARTITION BY LIST (lower(code || ' kind '));
CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('a kind ');
