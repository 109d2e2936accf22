-- recreates: doc.search
-- old
CREATE TABLE doc (id int PRIMARY KEY, title text, body text, search tsvector); CREATE INDEX doc_search ON doc USING gin (search);
CREATE TRIGGER doc_tsv BEFORE INSERT OR UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(search, 'pg_catalog.english', title, body);
-- new
CREATE TABLE doc (id int PRIMARY KEY, title text, body text, search tsvector GENERATED ALWAYS AS (setweight(to_tsvector('english', coalesce(title,'')),'A') || to_tsvector('english', coalesce(body,''))) STORED); CREATE INDEX doc_search ON doc USING gin (search);
