-- old
CREATE TABLE t (tenant int);
CREATE POLICY p ON t USING (tenant = 1) WITH CHECK (tenant = 1);
-- new
CREATE TABLE t (tenant int);
CREATE POLICY p ON t USING (tenant = 1);
