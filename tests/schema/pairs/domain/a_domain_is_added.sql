-- old
CREATE TABLE t (e text);
-- new
CREATE DOMAIN email AS text COLLATE "C" NOT NULL DEFAULT 'none@example.com' CHECK (VALUE ~ '@');
CREATE TABLE t (e email);
