-- old
CREATE TABLE u (id int PRIMARY KEY, email text UNIQUE); CREATE VIEW active AS SELECT * FROM u;
-- new
CREATE TABLE u (id int PRIMARY KEY, email text, deleted_at timestamptz); CREATE UNIQUE INDEX u_email ON u (lower(email)) WHERE deleted_at IS NULL; CREATE VIEW active AS SELECT * FROM u WHERE deleted_at IS NULL;
