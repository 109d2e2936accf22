-- old
CREATE TABLE a (id serial PRIMARY KEY, name text); CREATE TABLE b (id bigserial PRIMARY KEY, a_id int NOT NULL REFERENCES a ON DELETE CASCADE); CREATE INDEX ON b (a_id);
-- new
CREATE TABLE a (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text); CREATE TABLE b (id bigserial PRIMARY KEY, a_id uuid NOT NULL REFERENCES a ON DELETE CASCADE); CREATE INDEX ON b (a_id);
