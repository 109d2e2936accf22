-- base
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);
CREATE VIEW emails AS SELECT email FROM users;
-- ours
CREATE TYPE plan AS ENUM ('free', 'pro');
CREATE TABLE subscription (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE, plan plan NOT NULL DEFAULT 'free');
CREATE INDEX subscription_user ON subscription (user_id);
-- theirs
CREATE FUNCTION norm(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
CREATE UNIQUE INDEX users_email ON users (norm(email));
ALTER TABLE users ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();
CREATE TABLE login (user_id bigint REFERENCES users, at timestamptz);
