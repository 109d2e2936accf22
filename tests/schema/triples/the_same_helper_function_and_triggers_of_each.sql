-- base
CREATE TABLE a (id int, at timestamptz); CREATE TABLE b (id int, at timestamptz);
-- ours
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.at := now(); RETURN new; END'; CREATE TRIGGER touch BEFORE UPDATE ON a FOR EACH ROW EXECUTE FUNCTION touch();
-- theirs
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.at := now(); RETURN new; END'; CREATE TRIGGER touch BEFORE UPDATE ON b FOR EACH ROW EXECUTE FUNCTION touch();
