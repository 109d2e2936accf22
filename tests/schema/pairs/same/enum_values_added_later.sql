-- expect: same
-- old
CREATE TYPE e AS ENUM ('a', 'b', 'c');
-- new
CREATE TYPE e AS ENUM ('c'); ALTER TYPE e ADD VALUE 'a' BEFORE 'c'; ALTER TYPE e ADD VALUE 'b' AFTER 'a';
