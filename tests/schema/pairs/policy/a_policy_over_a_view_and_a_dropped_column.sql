-- old
CREATE TABLE u (id int PRIMARY KEY, team text); CREATE VIEW teams AS SELECT DISTINCT team FROM u;
CREATE TABLE d (id int, team text, old_team text); ALTER TABLE d ENABLE ROW LEVEL SECURITY;
CREATE POLICY a ON d USING (old_team IN (SELECT team FROM teams)); CREATE POLICY b ON d FOR INSERT WITH CHECK (team IS NOT NULL);
-- new
CREATE TABLE u (id int PRIMARY KEY, team varchar(9), active bool); CREATE VIEW teams AS SELECT DISTINCT team, active FROM u;
CREATE TABLE d (id int, team varchar(9)); ALTER TABLE d ENABLE ROW LEVEL SECURITY;
CREATE POLICY a ON d USING (team IN (SELECT team FROM teams WHERE active)); CREATE POLICY b ON d FOR INSERT WITH CHECK (team IS NOT NULL);
