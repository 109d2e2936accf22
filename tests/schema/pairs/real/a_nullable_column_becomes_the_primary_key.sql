-- old
CREATE TABLE t (a int, b int UNIQUE);
-- new
CREATE TABLE t (a int PRIMARY KEY, b int UNIQUE); CREATE TABLE r (a int REFERENCES t, b int REFERENCES t (b));
