-- old
CREATE TABLE booking (id int PRIMARY KEY, room int, f timestamp, t timestamp, UNIQUE (room, f));
-- new
CREATE TABLE booking (id int PRIMARY KEY, room int4range, during tsrange NOT NULL, EXCLUDE USING gist (room WITH =, during WITH &&) WHERE (room IS NOT NULL));
