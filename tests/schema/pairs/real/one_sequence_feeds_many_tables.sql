-- old
CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (id serial PRIMARY KEY);
-- new
CREATE SEQUENCE ids AS bigint START 1000; CREATE TABLE a (id int DEFAULT nextval('ids') PRIMARY KEY); CREATE TABLE b (id int DEFAULT nextval('ids') PRIMARY KEY);
