-- old
CREATE TABLE t (id int, r tsrange, ok bool, CONSTRAINT x EXCLUDE USING gist (r WITH &&));
COMMENT ON CONSTRAINT x ON t IS 'no overlap';
-- new
CREATE TABLE t (id int, r tsrange, ok bool, CONSTRAINT x EXCLUDE USING gist (r WITH &&, tsrange(lower(r), NULL) WITH -|-) WITH (fillfactor = 80) WHERE (ok));
COMMENT ON CONSTRAINT x ON t IS 'no overlap';
