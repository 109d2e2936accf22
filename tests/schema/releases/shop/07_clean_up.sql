DROP VIEW order_total_discounted; DROP FUNCTION apply_discount(money_amount, discount);
DROP TRIGGER audit ON product;
DROP MATERIALIZED VIEW best_seller;
ALTER TABLE customer DROP CONSTRAINT customer_default_address, DROP COLUMN default_address;
ALTER TABLE "order" DROP COLUMN note;
ALTER TABLE order_line DROP COLUMN amount CASCADE;
CREATE OR REPLACE FUNCTION audit.log() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = audit, pg_temp AS $$
BEGIN
  IF OLD IS DISTINCT FROM NEW THEN
    INSERT INTO audit.change (rel, row_old, row_new) VALUES (TG_RELID, to_jsonb(OLD), to_jsonb(NEW));
  END IF;
  RETURN NULL;
END $$;
DROP INDEX order_customer; CREATE INDEX order_customer ON "order" (customer_id, placed DESC) INCLUDE (status);
REVOKE SELECT ON audit.change FROM app_reader; GRANT SELECT (at, rel) ON audit.change TO app_reader;
