-- old
CREATE SEQUENCE s AS int MAXVALUE 1000 CYCLE;
CREATE TABLE t (id int DEFAULT nextval('s'), n int);
CREATE TABLE u (id int);
ALTER SEQUENCE s OWNED BY t.id;
-- new
CREATE SEQUENCE s AS bigint START 5 CACHE 7;
CREATE TABLE t (n int DEFAULT nextval('s'));
CREATE TABLE u (id bigint DEFAULT nextval('s'));
ALTER SEQUENCE s OWNED BY u.id;
