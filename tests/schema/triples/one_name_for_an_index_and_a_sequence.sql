-- expect: conflict
-- base
CREATE TABLE a (id int);
-- ours
CREATE INDEX thing ON a (id);
-- theirs
CREATE SEQUENCE thing;
