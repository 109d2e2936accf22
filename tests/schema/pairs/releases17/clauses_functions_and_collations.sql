-- min-version: 17
-- old
CREATE TABLE t (a int, at timestamp);
CREATE TABLE s (a int);
-- new
CREATE TABLE t (a int DEFAULT random(1, 6), at timestamp);
CREATE TABLE s (a int);
CREATE VIEW v AS SELECT at AT LOCAL AS here FROM t;
CREATE VIEW w AS SELECT a FROM t WHERE a::text COLLATE pg_c_utf8 > 'x';
CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC MERGE INTO t USING s ON t.a = s.a WHEN NOT MATCHED BY SOURCE THEN DELETE; END;
