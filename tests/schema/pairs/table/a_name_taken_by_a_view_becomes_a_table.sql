-- old
CREATE TABLE src (id int);
CREATE VIEW report AS SELECT id FROM src;
-- new
CREATE TABLE src (id int);
CREATE TABLE report (id int);
