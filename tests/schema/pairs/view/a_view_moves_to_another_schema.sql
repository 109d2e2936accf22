-- base
CREATE SCHEMA api;
CREATE TABLE t (a int);
-- old
CREATE VIEW public.v AS SELECT a FROM t;
-- new
CREATE VIEW api.v AS SELECT a FROM t;
