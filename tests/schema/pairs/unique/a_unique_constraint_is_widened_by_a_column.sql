-- old
CREATE TABLE t (tenant int, email text, CONSTRAINT email_once UNIQUE (email));
-- new
CREATE TABLE t (tenant int, email text, CONSTRAINT email_once UNIQUE (tenant, email));
