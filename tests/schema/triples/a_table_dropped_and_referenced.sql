-- expect: conflict
-- base
CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int);
-- ours
DROP TABLE a;
-- theirs
CREATE TABLE c (a int REFERENCES a);
