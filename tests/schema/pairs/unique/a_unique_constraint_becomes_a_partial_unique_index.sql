-- old
CREATE TABLE t (email text, deleted_at timestamptz, CONSTRAINT t_email UNIQUE (email));
-- new
CREATE TABLE t (email text, deleted_at timestamptz);
CREATE UNIQUE INDEX t_email ON t (lower(email)) WHERE deleted_at IS NULL;
