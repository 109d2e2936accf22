-- old
CREATE TABLE member (team int, who text); CREATE TABLE doc (team int);
-- new
CREATE TABLE member (team int, who text); CREATE TABLE doc (team int);
CREATE FUNCTION is_member(int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT EXISTS (SELECT 1 FROM member WHERE team = $1 AND who = current_user)';
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (is_member(team)) WITH CHECK (EXISTS (SELECT 1 FROM member m WHERE m.team = doc.team));
