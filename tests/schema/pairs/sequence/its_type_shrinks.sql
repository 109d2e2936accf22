-- old
CREATE SEQUENCE s AS bigint;
-- new
CREATE SEQUENCE s AS smallint MAXVALUE 1000;
