-- old
CREATE TABLE t (a text, b text, c int, CONSTRAINT u UNIQUE (a));
CREATE INDEX i ON t (b);
CREATE INDEX j ON t (b DESC NULLS LAST, c);
-- new
CREATE TABLE t (a text, b text, c int, CONSTRAINT u UNIQUE (a) INCLUDE (c));
CREATE INDEX i ON t (b text_pattern_ops) INCLUDE (c);
CREATE INDEX j ON t (b COLLATE "C" DESC NULLS FIRST, c) WITH (fillfactor = 60);
