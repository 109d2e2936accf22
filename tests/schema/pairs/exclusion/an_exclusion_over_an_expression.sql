-- old
-- new
CREATE TABLE booking (starts timestamp, ends timestamp, EXCLUDE USING gist (tsrange(starts, ends) WITH &&) DEFERRABLE INITIALLY DEFERRED);
