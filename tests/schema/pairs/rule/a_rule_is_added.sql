-- old
CREATE TABLE t (a int); CREATE TABLE log (a int, at timestamptz DEFAULT now());
-- new
CREATE TABLE t (a int); CREATE TABLE log (a int, at timestamptz DEFAULT now());
CREATE RULE keep AS ON DELETE TO t WHERE OLD.a > 0 DO ALSO INSERT INTO log (a) VALUES (OLD.a);
COMMENT ON RULE keep ON t IS 'keeps';
