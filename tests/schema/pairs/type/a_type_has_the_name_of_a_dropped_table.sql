-- old
CREATE TABLE thing (a int);
-- new
CREATE TYPE thing AS (a int);
