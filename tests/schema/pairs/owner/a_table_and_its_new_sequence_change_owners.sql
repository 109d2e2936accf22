-- old
CREATE TABLE given (id int);
CREATE TABLE back (id int); ALTER TABLE back OWNER TO alice;
CREATE TABLE kept (id int); ALTER TABLE kept OWNER TO alice;
CREATE TABLE other (id int NOT NULL);
-- new
CREATE TABLE given (id serial); ALTER TABLE given OWNER TO alice;
CREATE TABLE back (id serial);
CREATE TABLE kept (id serial); ALTER TABLE kept OWNER TO alice;
CREATE TABLE other (id serial); ALTER TABLE other OWNER TO alice;
