-- old
CREATE TABLE tenant (id uuid PRIMARY KEY); CREATE TABLE item (id bigserial PRIMARY KEY, tenant uuid REFERENCES tenant, n text); GRANT SELECT ON item TO alice;
-- new
CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$SELECT nullif(current_setting('app.tenant', true), '')::uuid$$; CREATE TABLE tenant (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text); CREATE TABLE item (id bigserial PRIMARY KEY, tenant uuid NOT NULL DEFAULT current_tenant() REFERENCES tenant ON DELETE CASCADE, n text, UNIQUE (tenant, n)); CREATE INDEX ON item (tenant);
ALTER TABLE item ENABLE ROW LEVEL SECURITY; ALTER TABLE item FORCE ROW LEVEL SECURITY; ALTER TABLE tenant ENABLE ROW LEVEL SECURITY; CREATE POLICY isolation ON item USING (tenant = current_tenant()) WITH CHECK (tenant = current_tenant()); CREATE POLICY self ON tenant FOR SELECT USING (id = current_tenant()); CREATE POLICY admin ON item TO bob USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON item TO alice; GRANT USAGE ON SEQUENCE item_id_seq TO alice; CREATE VIEW counts WITH (security_invoker) AS SELECT count(*) AS n FROM item; GRANT SELECT ON counts TO alice;
