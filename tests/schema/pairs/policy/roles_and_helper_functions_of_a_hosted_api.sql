-- old
CREATE SCHEMA auth; CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$SELECT nullif(current_setting('request.sub', true), '')::uuid$$;
CREATE TABLE profiles (id uuid PRIMARY KEY, team int, name text);
ALTER TABLE profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY "Own profile" ON profiles USING (auth.uid() = id);
-- new
CREATE SCHEMA auth; CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$SELECT nullif(current_setting('request.jwt.sub', true), '')::uuid$$;
CREATE TABLE profiles (id uuid PRIMARY KEY, team int, name text, is_public bool NOT NULL DEFAULT false);
CREATE TABLE members (team int, usr uuid REFERENCES profiles ON DELETE CASCADE, PRIMARY KEY (team, usr));
CREATE FUNCTION teams_of(u uuid) RETURNS SETOF int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$SELECT team FROM public.members WHERE usr = u$$;
REVOKE ALL ON FUNCTION teams_of(uuid) FROM PUBLIC; GRANT EXECUTE ON FUNCTION teams_of(uuid) TO alice, bob;
ALTER TABLE profiles ENABLE ROW LEVEL SECURITY; ALTER TABLE profiles FORCE ROW LEVEL SECURITY; ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE POLICY "Own profile" ON profiles FOR ALL TO alice USING ((SELECT auth.uid()) = id) WITH CHECK ((SELECT auth.uid()) = id);
CREATE POLICY "Everybody sees the public ones" ON profiles FOR SELECT TO alice, bob USING (is_public OR team IN (SELECT teams_of(auth.uid())));
CREATE POLICY "no anonymous" ON profiles AS RESTRICTIVE TO bob USING (auth.uid() IS NOT NULL);
CREATE POLICY members_read ON members FOR SELECT USING (EXISTS (SELECT FROM profiles p WHERE p.id = members.usr AND p.team = members.team));
COMMENT ON POLICY "Own profile" ON profiles IS 'mine';
