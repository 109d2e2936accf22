-- old
CREATE TABLE t (id int, secret text, pub text); COMMENT ON COLUMN t.secret IS 'old'; GRANT SELECT (pub) ON t TO alice; GRANT UPDATE (pub, secret) ON t TO bob WITH GRANT OPTION;
-- new
CREATE TABLE t (id int, secret text, pub text); COMMENT ON COLUMN t.secret IS 'it''s new'; COMMENT ON COLUMN t.id IS E'two\nlines'; COMMENT ON TABLE t IS 't'; GRANT SELECT (pub, id) ON t TO alice; GRANT UPDATE (pub) ON t TO bob; GRANT ALL ON t TO bob;
