-- old
CREATE SCHEMA app; CREATE TABLE app.t (a int);
-- new
CREATE SCHEMA app; CREATE TABLE app.t (a int);
DROP SCHEMA public;
