-- base
CREATE TYPE color AS ENUM ('red', 'green');
-- old
CREATE CAST (varchar AS color) WITH INOUT;
-- new
CREATE CAST (varchar AS color) WITH INOUT AS IMPLICIT;
