-- expect: conflict
-- base
CREATE TABLE a (id int); CREATE TABLE b (id int);
-- ours
CREATE INDEX by_id ON a (id);
-- theirs
CREATE INDEX by_id ON b (id);
