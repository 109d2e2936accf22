-- expect: conflict
-- base
CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (id int);
-- ours
DROP TYPE e;
-- theirs
ALTER TABLE t ADD COLUMN e e;
