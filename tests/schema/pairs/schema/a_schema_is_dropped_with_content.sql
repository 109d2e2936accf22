-- old
CREATE SCHEMA billing; CREATE TYPE billing.k AS ENUM ('a');
CREATE TABLE billing.invoice (id int PRIMARY KEY, k billing.k); CREATE FUNCTION billing.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE VIEW public.v AS SELECT id FROM billing.invoice;
-- new
