-- recreates: t.g
-- old
CREATE COLLATION xc (provider = icu, locale = 'de');
CREATE TABLE t (tx text, g bool GENERATED ALWAYS AS ((tx COLLATE xc) < 'b') STORED);
-- new
CREATE COLLATION xc (provider = icu, locale = 'fr');
CREATE TABLE t (tx text, g bool GENERATED ALWAYS AS ((tx COLLATE xc) < 'b') STORED);
