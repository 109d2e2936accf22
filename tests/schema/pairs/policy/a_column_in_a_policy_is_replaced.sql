-- old
CREATE TABLE t (tenant int, v text);
CREATE POLICY p ON t USING (tenant = 1);
-- new
CREATE TABLE t (org uuid, v text);
CREATE POLICY p ON t USING (org IS NOT NULL);
