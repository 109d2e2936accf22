-- forbid: DROP|ALTER TABLE
-- old
CREATE TYPE size AS ENUM ('m', 'l');
CREATE TABLE t (s size);
-- new
CREATE TYPE size AS ENUM ('xs', 's', 'm', 'm+', 'l', 'xl', 'xxl');
CREATE TABLE t (s size);
