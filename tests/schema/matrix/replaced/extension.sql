-- replaced: version
-- type: x.citext
-- value: 'a'
-- old
CREATE EXTENSION citext SCHEMA x VERSION '1.5';
-- new
CREATE EXTENSION citext SCHEMA x VERSION '1.6';
