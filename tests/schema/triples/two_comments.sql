-- expect: conflict
-- base
CREATE TABLE a (x int);
-- ours
COMMENT ON TABLE a IS 'one';
-- theirs
COMMENT ON TABLE a IS 'two';
