ALTER TYPE order_status ADD VALUE 'cancelled';
ALTER TYPE order_status ADD VALUE 'packed' BEFORE 'shipped';
CREATE SCHEMA audit;
CREATE TABLE audit.change (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), who name NOT NULL DEFAULT current_user, rel regclass NOT NULL, row_old jsonb, row_new jsonb);
CREATE FUNCTION audit.log() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = audit, pg_temp AS $$
BEGIN
  INSERT INTO audit.change (rel, row_old, row_new) VALUES (TG_RELID, to_jsonb(OLD), to_jsonb(NEW));
  RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON "order" FOR EACH ROW EXECUTE FUNCTION audit.log();
CREATE TRIGGER audit AFTER UPDATE OR DELETE ON product FOR EACH ROW EXECUTE FUNCTION audit.log();
CREATE INDEX ON audit.change USING brin (at);
GRANT USAGE ON SCHEMA audit TO app_reader; GRANT SELECT ON audit.change TO app_reader;
