-- base
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
-- old
CREATE TABLE a (id text PRIMARY KEY);
CREATE TABLE b (aid text REFERENCES a ON UPDATE CASCADE);
-- new
CREATE TABLE a (id text COLLATE ci PRIMARY KEY);
CREATE TABLE b (aid text COLLATE ci REFERENCES a ON UPDATE CASCADE);
