-- requires-extension: citext
-- requires-extension: uuid-ossp
-- old
CREATE EXTENSION citext; CREATE EXTENSION "uuid-ossp";
CREATE TABLE u (id uuid PRIMARY KEY DEFAULT uuid_generate_v4(), mail citext UNIQUE NOT NULL, tags citext[]);
CREATE INDEX i ON u (lower(mail)); CREATE VIEW v AS SELECT mail FROM u; CREATE FUNCTION f(c citext) RETURNS citext LANGUAGE sql AS 'SELECT c';
-- new
CREATE TABLE u (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), mail text UNIQUE NOT NULL, tags text[]);
CREATE INDEX i ON u (lower(mail)); CREATE VIEW v AS SELECT mail FROM u; CREATE FUNCTION f(c text) RETURNS text LANGUAGE sql AS 'SELECT c';
