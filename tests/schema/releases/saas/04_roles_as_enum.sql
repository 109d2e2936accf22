CREATE TYPE member_role AS ENUM ('user', 'admin', 'owner');
ALTER TABLE member ALTER COLUMN role DROP DEFAULT;
ALTER TABLE member ALTER COLUMN role TYPE member_role USING role::member_role;
ALTER TABLE member ALTER COLUMN role SET DEFAULT 'user';
CREATE FUNCTION is_admin(m member) RETURNS boolean LANGUAGE sql STABLE AS $$SELECT m.role IN ('admin', 'owner')$$;
CREATE TABLE invitation (tenant_id int NOT NULL REFERENCES tenant, email text NOT NULL, role member_role NOT NULL DEFAULT 'user', token uuid NOT NULL DEFAULT gen_random_uuid(), expires timestamptz NOT NULL DEFAULT now() + interval '7 days', PRIMARY KEY (tenant_id, email));
ALTER TABLE invitation ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON invitation USING (tenant_id = current_tenant());
CREATE POLICY not_expired ON invitation AS RESTRICTIVE FOR SELECT USING (expires > now());
