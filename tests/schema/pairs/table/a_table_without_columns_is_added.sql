-- old
-- new
CREATE TABLE nothing ();
