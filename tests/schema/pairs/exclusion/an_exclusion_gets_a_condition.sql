-- old
CREATE TABLE booking (during tsrange, cancelled boolean, CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&));
-- new
CREATE TABLE booking (during tsrange, cancelled boolean, CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&) WHERE (NOT cancelled));
