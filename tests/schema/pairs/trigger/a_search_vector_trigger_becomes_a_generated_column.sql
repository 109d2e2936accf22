-- recreates: d.v
-- old
CREATE TABLE d (id int PRIMARY KEY, title text, body text, v tsvector); CREATE INDEX d_v ON d USING gin (v);
CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN new.v := to_tsvector('english', new.title || new.body); RETURN new; END$$; CREATE TRIGGER fill BEFORE INSERT OR UPDATE OF title, body ON d FOR EACH ROW EXECUTE FUNCTION fill(); CREATE TRIGGER std BEFORE INSERT ON d FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger('v', 'pg_catalog.english', 'title');
-- new
CREATE TABLE d (id int PRIMARY KEY, title text, body text, v tsvector GENERATED ALWAYS AS (setweight(to_tsvector('english', coalesce(title, '')), 'A') || setweight(to_tsvector('english', coalesce(body, '')), 'B')) STORED); CREATE INDEX d_v ON d USING gin (v);
CREATE FUNCTION search(q text) RETURNS SETOF d LANGUAGE sql STABLE ROWS 20 AS $$SELECT * FROM d WHERE v @@ websearch_to_tsquery('english', q) ORDER BY ts_rank(v, websearch_to_tsquery('english', q)) DESC$$;
