-- expect: refused both ways
-- old
CREATE SUBSCRIPTION other CONNECTION 'dbname=nowhere' PUBLICATION told WITH (connect = false, slot_name = NONE);
-- new
CREATE SUBSCRIPTION other CONNECTION 'dbname=nowhere' PUBLICATION told, more WITH (connect = false, slot_name = NONE);
