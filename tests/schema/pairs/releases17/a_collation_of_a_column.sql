-- min-version: 17
-- old
CREATE TABLE t (a text);
-- new
CREATE TABLE t (a text COLLATE pg_c_utf8, b text COLLATE unicode);
