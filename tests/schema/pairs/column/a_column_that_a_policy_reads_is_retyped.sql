-- forbid: DROP COLUMN
-- old
CREATE TABLE t (id int, tenant int);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (tenant = current_setting('app.tenant')::int);
-- new
CREATE TABLE t (id int, tenant bigint);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (tenant = current_setting('app.tenant')::int);
