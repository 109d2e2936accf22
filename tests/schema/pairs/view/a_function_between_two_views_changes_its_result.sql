-- old
CREATE TABLE users (id int PRIMARY KEY, name text);
CREATE VIEW u AS SELECT id, name FROM users;
CREATE FUNCTION make(n text) RETURNS u LANGUAGE sql AS 'SELECT 1, n';
CREATE FUNCTION all_of() RETURNS SETOF u LANGUAGE sql STABLE AS 'SELECT * FROM u';
CREATE VIEW x AS SELECT (make('a')).id AS i;
-- new
CREATE TABLE users (id int PRIMARY KEY, name text, role text);
CREATE VIEW u AS SELECT id, role, name FROM users;
CREATE FUNCTION make(n text, r text DEFAULT 'x') RETURNS u LANGUAGE sql AS 'SELECT 1, r, n';
CREATE FUNCTION all_of() RETURNS SETOF u LANGUAGE sql STABLE AS 'SELECT * FROM u';
CREATE VIEW x AS SELECT (make('a')).id AS i;
