-- old
CREATE TABLE a (id int, owner text); CREATE TABLE b (id int, owner text);
-- new
CREATE TABLE a (id int, owner text, k int); CREATE TABLE b (id int, owner text, k int);
ALTER TABLE a ENABLE ROW LEVEL SECURITY; ALTER TABLE b ENABLE ROW LEVEL SECURITY;
CREATE POLICY pa ON a USING (k IN (SELECT k FROM b)); CREATE POLICY pb ON b USING (k IN (SELECT k FROM a));
