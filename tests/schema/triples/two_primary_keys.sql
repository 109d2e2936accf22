-- expect: conflict
-- base
CREATE TABLE a (x int NOT NULL, y int NOT NULL);
-- ours
ALTER TABLE a ADD CONSTRAINT a_x PRIMARY KEY (x);
-- theirs
ALTER TABLE a ADD CONSTRAINT a_y PRIMARY KEY (y);
