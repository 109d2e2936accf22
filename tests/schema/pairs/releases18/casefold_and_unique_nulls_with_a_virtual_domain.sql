-- min-version: 18
-- recreates: t.b
-- old
CREATE DOMAIN pos AS int CHECK (VALUE > 0); CREATE COLLATION fold (provider = builtin, locale = 'C.UTF-8'); CREATE TABLE t (a int, b int, e text COLLATE fold);
-- new
CREATE DOMAIN pos AS int CHECK (VALUE > 0) NOT NULL; CREATE COLLATION fold (provider = builtin, locale = 'PG_UNICODE_FAST'); CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1), e text COLLATE fold); CREATE UNIQUE INDEX i ON t (casefold(e)) NULLS NOT DISTINCT;
