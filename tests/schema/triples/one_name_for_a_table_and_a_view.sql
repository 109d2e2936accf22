-- expect: conflict
-- base
CREATE TABLE a (id int);
-- ours
CREATE TABLE thing (id int);
-- theirs
CREATE VIEW thing AS SELECT id FROM a;
