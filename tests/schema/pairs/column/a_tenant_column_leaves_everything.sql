-- old
CREATE TABLE r (id int PRIMARY KEY, tenant int NOT NULL, UNIQUE (tenant, id)); CREATE TABLE t (id int, tenant int, r int, FOREIGN KEY (tenant, r) REFERENCES r (tenant, id)); CREATE INDEX i ON t (tenant, id); CREATE POLICY p ON t USING (tenant = 1); CREATE PUBLICATION pub FOR TABLE t (id, tenant) WHERE (tenant > 0);
-- new
CREATE TABLE r (id int PRIMARY KEY); CREATE TABLE t (id int, r int, FOREIGN KEY (r) REFERENCES r); CREATE INDEX i ON t (id); CREATE POLICY p ON t USING (id = 1); CREATE PUBLICATION pub FOR TABLE t (id) WHERE (id > 0);
