-- old
CREATE TABLE u (email text, doc jsonb);
-- new
CREATE TABLE u (email text, doc jsonb);
CREATE UNIQUE INDEX u_email ON u (lower(email));
CREATE INDEX u_doc ON u ((doc->>'kind'), (doc->'n'));
