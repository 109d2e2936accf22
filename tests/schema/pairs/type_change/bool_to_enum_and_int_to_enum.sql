-- old
CREATE TABLE t (id int PRIMARY KEY, active bool NOT NULL DEFAULT true, level int DEFAULT 1);
-- new
CREATE TYPE st AS ENUM ('true','false','maybe'); CREATE TYPE lv AS ENUM ('1','2','3'); CREATE TABLE t (id int PRIMARY KEY, active st NOT NULL DEFAULT 'true', level lv DEFAULT '1');
-- data
INSERT INTO t VALUES (1, false, 2);
-- check: SELECT active::text || level FROM t => false2
