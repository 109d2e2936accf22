CREATE TABLE country (code char(2) PRIMARY KEY, name text NOT NULL);
CREATE TABLE address (id serial PRIMARY KEY, customer_id int NOT NULL REFERENCES customer ON DELETE CASCADE, country char(2) NOT NULL REFERENCES country, lines text[] NOT NULL, CONSTRAINT has_lines CHECK (cardinality(lines) > 0));
ALTER TABLE "order" ADD COLUMN ship_to int REFERENCES address ON DELETE SET NULL;
ALTER TABLE customer ADD COLUMN default_address int;
ALTER TABLE customer ADD CONSTRAINT customer_default_address FOREIGN KEY (default_address) REFERENCES address DEFERRABLE INITIALLY DEFERRED;
COMMENT ON TABLE customer IS 'Who buys'; COMMENT ON COLUMN customer.default_address IS 'Where to send by default';
ALTER TABLE customer ALTER COLUMN email TYPE varchar(254), ALTER COLUMN name TYPE text;
