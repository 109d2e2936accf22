-- requires-extension: postgres_fdw
-- base
create extension postgres_fdw; create server s foreign data wrapper postgres_fdw;
-- old
-- new
create user mapping for "weird role" server s options (user 'x'); alter server s owner to "weird role";
