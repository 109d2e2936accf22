-- old
CREATE TABLE t (id int);
-- new
CREATE COLLATION german (provider = icu, locale = 'de-DE-u-co-phonebk');
CREATE TABLE t (id int, name text COLLATE german);
