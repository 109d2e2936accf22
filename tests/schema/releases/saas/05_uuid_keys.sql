DROP VIEW open_task;
ALTER TABLE task ADD COLUMN uid uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE task DROP CONSTRAINT task_pkey; ALTER TABLE task ADD CONSTRAINT task_pkey PRIMARY KEY (uid);
ALTER TABLE task ALTER COLUMN id DROP IDENTITY; ALTER TABLE task ALTER COLUMN id DROP NOT NULL;
CREATE VIEW open_task WITH (security_invoker = true) AS SELECT t.uid, t.title, t.due, p.name AS project FROM task t JOIN project p ON p.id = t.project_id WHERE NOT t.done;
GRANT SELECT ON open_task TO app_reader;
CREATE TABLE attachment (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), task uuid NOT NULL REFERENCES task ON DELETE CASCADE, meta jsonb NOT NULL DEFAULT '{}', CONSTRAINT has_kind CHECK (meta ? 'kind') NOT VALID);
CREATE INDEX attachment_meta ON attachment USING gin (meta jsonb_path_ops);
