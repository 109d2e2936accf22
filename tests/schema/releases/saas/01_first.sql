CREATE TABLE tenant (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE member (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenant, email text NOT NULL, role text NOT NULL DEFAULT 'user', UNIQUE (email));
CREATE TABLE project (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenant, name text NOT NULL);
CREATE TABLE task (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, project_id int NOT NULL REFERENCES project ON DELETE CASCADE, title text NOT NULL, done boolean, due date);
CREATE VIEW open_task AS SELECT t.*, p.name AS project FROM task t JOIN project p ON p.id = t.project_id WHERE NOT coalesce(t.done, false);
