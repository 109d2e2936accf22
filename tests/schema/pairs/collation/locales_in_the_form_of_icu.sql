-- old
CREATE COLLATION kept (provider = icu, locale = 'de@collation=phonebook'); CREATE COLLATION posix (provider = icu, locale = 'en_US_POSIX'); CREATE COLLATION root (provider = icu, locale = '');
-- new
CREATE COLLATION kept (provider = icu, locale = 'de@collation=phonebook'); CREATE COLLATION posix (provider = icu, locale = 'DE_de'); CREATE COLLATION root (provider = icu, locale = '@colStrength=secondary');
CREATE TABLE t (a text COLLATE kept);
