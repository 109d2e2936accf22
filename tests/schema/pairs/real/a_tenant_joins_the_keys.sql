-- old
CREATE TABLE tenant (id int PRIMARY KEY); CREATE TABLE p (id int PRIMARY KEY, name text UNIQUE); CREATE TABLE c (id int PRIMARY KEY, p_id int REFERENCES p);
-- new
CREATE TABLE tenant (id int PRIMARY KEY); CREATE TABLE p (id int, name text, tenant_id int NOT NULL DEFAULT 1 REFERENCES tenant, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, name)); CREATE TABLE c (id int, p_id int, tenant_id int NOT NULL DEFAULT 1, PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, p_id) REFERENCES p (tenant_id, id)); CREATE INDEX c_p ON c (tenant_id, p_id);
