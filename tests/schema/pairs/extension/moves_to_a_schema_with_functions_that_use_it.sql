-- requires-extension: pgcrypto
-- requires-extension: hstore
-- old
CREATE EXTENSION pgcrypto; CREATE EXTENSION hstore;
CREATE TABLE t (id uuid DEFAULT gen_random_uuid(), h bytea DEFAULT digest('a', 'sha1'), k hstore);
CREATE FUNCTION f(p text) RETURNS text LANGUAGE sql AS $$SELECT crypt(p, gen_salt('bf'))$$; CREATE FUNCTION g(h hstore) RETURNS text RETURN h -> 'a';
CREATE INDEX i ON t USING gin (k);
-- new
CREATE SCHEMA extensions; CREATE EXTENSION pgcrypto SCHEMA extensions; CREATE EXTENSION hstore SCHEMA extensions; SET search_path = public, extensions;
CREATE TABLE t (id uuid DEFAULT gen_random_uuid(), h bytea DEFAULT digest('a', 'sha256'), k hstore);
CREATE FUNCTION f(p text) RETURNS text LANGUAGE sql SET search_path = extensions AS $$SELECT crypt(p, gen_salt('bf'))$$; CREATE FUNCTION g(h hstore) RETURNS text RETURN h -> 'b';
CREATE INDEX i ON t USING gin (k);
