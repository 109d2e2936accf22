-- old
CREATE TABLE t (tenant int, owner text);
-- new
CREATE TABLE t (tenant int, owner text);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY s ON t FOR SELECT TO alice, bob USING (owner = current_user);
CREATE POLICY i ON t AS RESTRICTIVE FOR INSERT WITH CHECK (tenant > 0);
CREATE POLICY u ON t FOR UPDATE TO CURRENT_USER USING (true) WITH CHECK (owner = session_user);
CREATE POLICY d ON t FOR DELETE TO PUBLIC USING (false);
CREATE POLICY a ON t FOR ALL TO app_reader USING (true);
