CREATE TABLE family (id int PRIMARY KEY, parent int REFERENCES family, name text NOT NULL, UNIQUE NULLS NOT DISTINCT (parent, name));
ALTER TABLE device ADD COLUMN family_id int REFERENCES family, DROP COLUMN model;
CREATE RECURSIVE VIEW family_path (id, path) AS SELECT id, ARRAY[name] FROM family WHERE parent IS NULL UNION ALL SELECT f.id, p.path || f.name FROM family f JOIN family_path p ON p.id = f.parent;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_notify('family', NEW.id::text); RETURN NEW; END$$;
CREATE TRIGGER notify AFTER INSERT OR UPDATE ON family FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION touch();
CREATE RULE no_delete AS ON DELETE TO family DO INSTEAD NOTHING;
DROP INDEX reading_tags;
ALTER TABLE reading ALTER COLUMN quality SET DEFAULT 'suspect';
