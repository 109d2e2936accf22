-- base
CREATE TABLE a (x int);
-- ours
ALTER TABLE a ENABLE ROW LEVEL SECURITY;
-- theirs
CREATE POLICY p ON a USING (x > 0);
