-- old
CREATE TYPE mood AS ENUM ('sad','ok'); CREATE TABLE t (id int PRIMARY KEY, m mood DEFAULT 'ok', n mood[] DEFAULT '{ok,sad}');
-- new
CREATE TABLE t (id int PRIMARY KEY, m text DEFAULT 'ok', n text[] DEFAULT '{ok,sad}');
-- data
INSERT INTO t VALUES (1); INSERT INTO t VALUES (2,'sad','{sad}');
-- check: SELECT m||n[1] FROM t WHERE id=2 => sadsad
