ALTER TABLE task ADD COLUMN tenant_id int;
ALTER TABLE task ALTER COLUMN tenant_id SET NOT NULL;
ALTER TABLE project ADD CONSTRAINT project_tenant UNIQUE (tenant_id, id);
ALTER TABLE task DROP CONSTRAINT task_project_id_fkey, ADD CONSTRAINT task_project FOREIGN KEY (tenant_id, project_id) REFERENCES project (tenant_id, id) ON DELETE CASCADE;
ALTER TABLE member DROP CONSTRAINT member_email_key, ADD CONSTRAINT member_email UNIQUE (tenant_id, email);
CREATE INDEX task_open ON task (tenant_id, due) WHERE NOT done;
ALTER TABLE task ALTER COLUMN done SET DEFAULT false, ALTER COLUMN done SET NOT NULL;
