-- expect: conflict
-- base
CREATE TABLE a (id int);
-- ours
CREATE TABLE thing (id int);
-- theirs
CREATE TYPE thing AS ENUM ('x');
