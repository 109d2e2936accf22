-- old
CREATE SCHEMA auth; CREATE TABLE auth.users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text UNIQUE, meta jsonb DEFAULT '{}');
CREATE TABLE posts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author uuid REFERENCES auth.users, body text);
GRANT ALL ON ALL TABLES IN SCHEMA public TO alice, bob;
-- new
CREATE SCHEMA auth; CREATE TABLE auth.users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text UNIQUE, meta jsonb DEFAULT '{}');
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$SELECT (current_setting('request.jwt.claims', true)::jsonb ->> 'sub')::uuid$$;
CREATE TYPE visibility AS ENUM ('draft', 'public');
CREATE TABLE profiles (id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE, handle text NOT NULL UNIQUE CHECK (char_length(handle) >= 3), created timestamptz NOT NULL DEFAULT now());
CREATE TABLE posts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author uuid NOT NULL DEFAULT auth.uid() REFERENCES profiles ON DELETE CASCADE, body text NOT NULL, vis visibility NOT NULL DEFAULT 'draft', updated timestamptz);
CREATE FUNCTION handle_new_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$BEGIN INSERT INTO public.profiles (id, handle) VALUES (new.id, coalesce(new.meta ->> 'handle', new.id::text)); RETURN new; END$$;
CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION handle_new_user();
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN new.updated = now(); RETURN new; END$$;
CREATE TRIGGER touch BEFORE UPDATE ON posts FOR EACH ROW WHEN (old IS DISTINCT FROM new) EXECUTE FUNCTION touch();
ALTER TABLE profiles ENABLE ROW LEVEL SECURITY; ALTER TABLE posts ENABLE ROW LEVEL SECURITY;
CREATE POLICY "Profiles are viewable by everyone" ON profiles FOR SELECT USING (true);
CREATE POLICY "Users update own profile" ON profiles FOR UPDATE TO alice USING ((SELECT auth.uid()) = id);
CREATE POLICY "Public posts" ON posts FOR SELECT TO alice, bob USING (vis = 'public' OR author = (SELECT auth.uid()));
CREATE POLICY "Own posts" ON posts TO alice USING (author = (SELECT auth.uid())) WITH CHECK (author = (SELECT auth.uid()));
REVOKE ALL ON FUNCTION handle_new_user() FROM PUBLIC;
GRANT SELECT ON profiles TO alice, bob; GRANT UPDATE (handle) ON profiles TO alice; GRANT SELECT, INSERT, UPDATE, DELETE ON posts TO alice; GRANT SELECT ON posts TO bob;
CREATE VIEW feed WITH (security_invoker = true) AS SELECT p.id, p.body, pr.handle FROM posts p JOIN profiles pr ON pr.id = p.author WHERE p.vis = 'public';
CREATE PUBLICATION realtime FOR TABLE posts, profiles;
