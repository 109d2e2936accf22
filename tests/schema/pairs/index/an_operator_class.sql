-- old
CREATE TABLE t (a text);
CREATE INDEX i ON t (a);
-- new
CREATE TABLE t (a text);
CREATE INDEX i ON t (a text_pattern_ops);
