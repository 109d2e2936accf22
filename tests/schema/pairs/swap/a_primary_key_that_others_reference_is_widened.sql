-- require: CREATE UNIQUE INDEX CONCURRENTLY lakebase_new_p_pkey
-- require: DROP CONSTRAINT p_pkey, ADD CONSTRAINT p_pkey PRIMARY KEY USING INDEX lakebase_new_p_pkey
-- old
CREATE TABLE p (id int NOT NULL, tenant int NOT NULL, n text, CONSTRAINT p_pkey PRIMARY KEY (id));
CREATE TABLE c (id int PRIMARY KEY, p int CONSTRAINT c_fk REFERENCES p, tenant int);
CREATE VIEW v AS SELECT id, n, count(*) FROM p GROUP BY id;
CREATE VIEW w AS SELECT * FROM v;
GRANT SELECT ON w TO alice;
-- new
CREATE TABLE p (id int NOT NULL, tenant int NOT NULL, n text, CONSTRAINT p_pkey PRIMARY KEY (id, tenant));
CREATE TABLE c (id int PRIMARY KEY, p int, tenant int, CONSTRAINT c_fk FOREIGN KEY (p, tenant) REFERENCES p);
CREATE VIEW v AS SELECT id, n, count(*) FROM p GROUP BY id, tenant;
CREATE VIEW w AS SELECT * FROM v;
GRANT SELECT ON w TO alice;
