CREATE FUNCTION current_tenant() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE AS $$SELECT nullif(current_setting('app.tenant', true), '')::int$$;
ALTER TABLE member ENABLE ROW LEVEL SECURITY; ALTER TABLE project ENABLE ROW LEVEL SECURITY; ALTER TABLE task ENABLE ROW LEVEL SECURITY; ALTER TABLE task FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON member USING (tenant_id = current_tenant());
CREATE POLICY tenant ON project USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());
CREATE POLICY tenant ON task FOR ALL TO app_reader, bob USING (tenant_id = current_tenant());
ALTER TABLE task ALTER COLUMN tenant_id SET DEFAULT current_tenant();
ALTER VIEW open_task SET (security_invoker = true);
GRANT SELECT, INSERT, UPDATE, DELETE ON member, project, task TO app_reader; GRANT SELECT ON open_task TO app_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO app_reader;
