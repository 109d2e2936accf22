-- old
CREATE TABLE t (id int CONSTRAINT t_pkey PRIMARY KEY, code text NOT NULL);
CREATE TABLE c (id int CONSTRAINT c_t REFERENCES t);
COMMENT ON CONSTRAINT t_pkey ON t IS 'old key';
-- new
CREATE TABLE t (id int NOT NULL, code text CONSTRAINT t_code_pk PRIMARY KEY, CONSTRAINT t_id_u UNIQUE (id));
CREATE TABLE c (id int CONSTRAINT c_t REFERENCES t (id));
COMMENT ON CONSTRAINT t_code_pk ON t IS 'new key';
