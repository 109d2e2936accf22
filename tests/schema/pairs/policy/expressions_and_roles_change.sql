-- forbid: DROP
-- old
CREATE TABLE t (tenant int);
CREATE POLICY p ON t FOR UPDATE TO alice USING (tenant = 1) WITH CHECK (tenant = 1);
-- new
CREATE TABLE t (tenant int);
CREATE POLICY p ON t FOR UPDATE TO bob, app_reader USING (tenant = 2) WITH CHECK (tenant > 1);
