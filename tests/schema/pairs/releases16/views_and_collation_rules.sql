-- min-version: 16
-- old
CREATE COLLATION c (provider = icu, locale = 'und'); CREATE TABLE t (a text COLLATE c, b text STORAGE EXTERNAL);
CREATE VIEW v AS SELECT a IS JSON AS j, b FROM t;
-- new
CREATE COLLATION c (provider = icu, locale = 'und', rules = '&V << w <<< W'); CREATE TABLE t (a text COLLATE c, b text STORAGE MAIN);
CREATE VIEW v AS SELECT a IS JSON OBJECT WITH UNIQUE KEYS AS j, b, json_arrayagg(a) OVER () AS g, any_value(b) OVER () AS n FROM t;
