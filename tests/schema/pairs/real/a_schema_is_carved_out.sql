-- old
CREATE TABLE billing_invoice (id serial PRIMARY KEY, total numeric); CREATE FUNCTION billing_total() RETURNS numeric LANGUAGE sql AS 'SELECT sum(total) FROM billing_invoice';
-- new
CREATE SCHEMA billing AUTHORIZATION alice; CREATE TABLE billing.invoice (id serial PRIMARY KEY, total numeric); ALTER TABLE billing.invoice OWNER TO alice; CREATE FUNCTION billing.total() RETURNS numeric LANGUAGE sql AS 'SELECT sum(total) FROM billing.invoice'; ALTER FUNCTION billing.total() OWNER TO alice; GRANT USAGE ON SCHEMA billing TO bob;
