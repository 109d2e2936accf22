-- forbid: DROP
-- old
CREATE TABLE t (id int CONSTRAINT t_key PRIMARY KEY);
-- new
CREATE TABLE t (id int CONSTRAINT t_pkey PRIMARY KEY);
