-- old
CREATE TYPE text_range AS RANGE (SUBTYPE = text, COLLATION = "C");
-- new
CREATE TYPE text_range AS RANGE (SUBTYPE = text, COLLATION = "POSIX");
