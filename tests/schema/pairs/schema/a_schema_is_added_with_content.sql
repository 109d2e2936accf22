-- old
-- new
CREATE SCHEMA billing;
COMMENT ON SCHEMA billing IS 'money';
CREATE TABLE billing.invoice (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, total numeric NOT NULL);
