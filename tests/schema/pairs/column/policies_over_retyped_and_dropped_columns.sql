-- old
CREATE TABLE t (id int PRIMARY KEY, tenant text, owner_id int, region text); ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p1 ON t USING (tenant = current_setting('app.tenant')); CREATE POLICY p2 ON t FOR UPDATE USING (owner_id = 1) WITH CHECK (region = 'eu'); CREATE POLICY p3 ON t FOR SELECT TO PUBLIC USING (EXISTS (SELECT 1 FROM t t2 WHERE t2.owner_id = t.owner_id));
-- new
CREATE TABLE t (id bigint PRIMARY KEY, tenant uuid, owner_id bigint); ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p1 ON t USING (tenant = current_setting('app.tenant')::uuid); CREATE POLICY p2 ON t FOR UPDATE USING (owner_id = 1) WITH CHECK (owner_id = 1); CREATE POLICY p3 ON t FOR SELECT TO PUBLIC USING (EXISTS (SELECT 1 FROM t t2 WHERE t2.owner_id = t.owner_id));
