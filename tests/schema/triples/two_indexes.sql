-- base
CREATE TABLE a (x int, y int);
-- ours
CREATE INDEX a_x ON a (x);
-- theirs
CREATE INDEX a_y ON a (y) WHERE y > 0;
